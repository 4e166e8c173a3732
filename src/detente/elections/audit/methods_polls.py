"""Methods on samples: martingales, Kaplan's tests, BRAVO, super-simple, MACRO."""

from collections.abc import Callable, Mapping

import numpy as np

from detente.elections.audit import alternatives, bravo, kaplan, macro, martingale, supersimple
from detente.elections.audit.inputs import Inputs, as_count
from detente.elections.audit.martingale import Null, Trajectory, Values
from detente.elections.audit.overstatement import bound as overstatement_bound
from detente.elections.audit.overstatement import clean
from detente.elections.errors import ElectionsError


def _fixed(inputs: Inputs) -> Trajectory:
    null = inputs.null()
    values = inputs.values(null)
    return martingale.alpha(values, alternatives.Fixed(inputs.real("eta")), null)


def _shrink_truncate(inputs: Inputs) -> Trajectory:
    null = inputs.null()
    values = inputs.values(null)
    expected = inputs.real("eta")
    caution = inputs.real("c", (expected - null.mean) / 2)
    alternative = alternatives.ShrinkTruncate(expected, caution, inputs.real("d", 100.0))
    return martingale.alpha(values, alternative, null)


def _comparison_values(inputs: Inputs) -> tuple[Values, Null]:
    margin, bound = inputs.real("v"), inputs.real("u_assorter", 1.0)
    null = Null(mean=0.5, bound=overstatement_bound(margin, bound), cards=inputs.whole("N"))
    values = np.full(inputs.whole("n"), clean(margin, bound))
    base = inputs.whole("index_base", 0)
    for name, factor in (
        ("one_vote_overstatements_at_index", 0.5),
        ("two_vote_overstatements_at_index", 0.0),
    ):
        for index in inputs.listed(name) if inputs.has(name) else ():
            at = as_count(name, index) - base
            if not 0 <= at < values.size:
                raise ElectionsError(f"{name!r} names card {index}; {values.size} were drawn")
            values[at] = clean(margin, bound) * factor
    return values, null


def _optimal_comparison(inputs: Inputs) -> Trajectory:
    values, null = _comparison_values(inputs)
    return martingale.alpha(values, alternatives.Comparison(inputs.real("p2", 1e-4)), null)


def _betting(inputs: Inputs) -> Trajectory:
    null = inputs.null()
    values = inputs.values(null)
    return martingale.betting(values, alternatives.Stake(inputs.real("lambda")), null)


def _kaplan(test: Callable[..., Trajectory], inputs: Inputs) -> Trajectory:
    values = martingale.as_values(inputs.reals("x"), np.inf)
    return test(values, mean=inputs.real("t", 0.5), padding=inputs.real("g", 0.1))


def _kaplan_p(test: Callable[..., Trajectory], inputs: Inputs) -> float:
    trajectory = _kaplan(test, inputs)
    return trajectory.p_value if inputs.flag("random_order", True) else trajectory.last_p


def _markov_comparison(inputs: Inputs) -> float:
    values, null = _comparison_values(inputs)
    return kaplan.markov(values, mean=null.mean, padding=inputs.real("g", 0.1)).p_value


def _size(trajectory: Trajectory, inputs: Inputs) -> int:
    """Cards until the limit is met; all of them where it never is."""
    reached = trajectory.cards_until(inputs.real("alpha"))
    if reached is not None:
        return reached
    return inputs.whole("N") if inputs.has("N") else int(trajectory.log_wealth.size)


def _pair(inputs: Inputs) -> bravo.Pair:
    winner, loser = inputs.whole("winner"), inputs.whole("loser")
    return bravo.Pair(winner, loser, inputs.whole("ballots", winner + loser))


def _bravo_p(inputs: Inputs) -> float:
    return bravo.p_value(
        _pair(inputs),
        for_winner=inputs.whole("sample_winner"),
        for_loser=inputs.whole("sample_loser"),
    )


def _bravo_not_found(inputs: Inputs) -> float:
    votes, sample = inputs.mapping("votes"), inputs.mapping("sample")
    pair = [str(name) for name in inputs.listed("pair")]
    if len(pair) != 2 or not {*pair} <= votes.keys() & sample.keys():  # noqa: PLR2004
        raise ElectionsError("'pair' names two candidates of 'votes' and 'sample'")
    reported = [as_count(name, votes[name]) for name in pair]
    seen = [as_count(name, sample[name]) for name in pair]
    return bravo.p_value(
        bravo.Pair(reported[0], reported[1], sum(reported)),
        for_winner=seen[0],
        for_loser=seen[1] + inputs.whole("not_found", 0),
    )


def _bravo_asn_winners(inputs: Inputs) -> int:
    votes = sorted((as_count("votes", each) for each in inputs.listed("votes")), reverse=True)
    winners = inputs.whole("winners")
    if not 0 < winners < len(votes):
        raise ElectionsError(f"{winners} winners among {len(votes)} candidates")
    pair = bravo.Pair(votes[winners - 1], votes[winners], inputs.whole("ballots"))
    return bravo.average_sample(pair, risk_limit=inputs.real("alpha"))


def _bravo_sizes(inputs: Inputs) -> list[int]:
    pair, limit = _pair(inputs), inputs.real("alpha")
    return [
        bravo.sample_size(pair, risk_limit=limit, probability=each)
        for each in inputs.reals("probabilities")
    ]


def _contest(inputs: Inputs) -> supersimple.Margin:
    return supersimple.Margin(
        cards=inputs.whole("cards"),
        votes=inputs.whole("margin_votes"),
        gamma=inputs.real("gamma", supersimple.GAMMA),
    )


def _seen(inputs: Inputs) -> supersimple.Discrepancies:
    kinds = ("one_over", "two_over", "one_under", "two_under")
    return supersimple.Discrepancies(*(inputs.whole(kind, 0) for kind in kinds))


def _supersimple_p(inputs: Inputs) -> float:
    return supersimple.p_value(_contest(inputs), sampled=inputs.whole("n"), seen=_seen(inputs))


def _supersimple_size(inputs: Inputs) -> int:
    rates = Inputs(inputs.mapping("rates")) if inputs.has("rates") else Inputs({})
    expected = supersimple.Rates(
        one_over=rates.real("one_over", 0.001),
        two_over=rates.real("two_over", 0.0001),
        one_under=rates.real("one_under", 0.001),
        two_under=rates.real("two_under", 0.0001),
    )
    return supersimple.sample_size(
        _contest(inputs), risk_limit=inputs.real("alpha"), rates=expected
    )


def _supersimple_next(inputs: Inputs) -> int:
    """The total size if discrepancies go on at the rates seen."""
    seen, drawn = _seen(inputs), inputs.whole("seen_n")
    if not drawn:
        raise ElectionsError("'seen_n' is the number of cards already seen, above 0")
    rates = supersimple.Rates(
        one_over=seen.one_over / drawn,
        two_over=seen.two_over / drawn,
        one_under=seen.one_under / drawn,
        two_under=seen.two_under / drawn,
    )
    return supersimple.sample_size(_contest(inputs), risk_limit=inputs.real("alpha"), rates=rates)


def _batch(inputs: Inputs) -> macro.Batch:
    return macro.Batch(*(inputs.whole(name) for name in ("winner", "loser", "ballots")))


def _total_bound(inputs: Inputs) -> float:
    total = 0.0
    for row in inputs.listed("batches"):
        if not isinstance(row, dict):
            raise ElectionsError("'batches' is a list of objects")
        batch = Inputs(row)
        most = macro.bound(_batch(batch), contest_margin=inputs.whole("contest_margin"))
        total += batch.whole("count", 1) * most
    return total


def _batch_taint(inputs: Inputs) -> list[float]:
    reported = [as_count("reported", each) for each in inputs.listed("reported")]
    audited = [as_count("audited", each) for each in inputs.listed("audited")]
    if len(reported) != 2 or len(audited) != 2:  # noqa: PLR2004
        raise ElectionsError("'reported' and 'audited' are votes of the winner and the loser")
    batch = macro.Batch(reported[0], reported[1], inputs.whole("ballots"))
    lead, margin = audited[0] - audited[1], inputs.whole("contest_margin")
    return [
        macro.overstatement(batch, audited_lead=lead, contest_margin=margin),
        macro.taint(batch, audited_lead=lead, contest_margin=margin),
    ]


def _null_means(inputs: Inputs) -> list[float]:
    values = martingale.as_values(inputs.reals("x"), np.inf)
    bound = max(float(values.max()), inputs.real("t") + 1)
    null = Null(mean=inputs.real("t"), bound=bound, cards=inputs.whole("N"))
    return [float(mean) for mean in martingale.null_means(values, null)]


METHODS: Mapping[str, Callable[[Inputs], object]] = {
    "null_means_without_replacement": _null_means,
    "alpha_fixed_p": lambda inputs: _fixed(inputs).last_p,
    "alpha_fixed_last_p": lambda inputs: _fixed(inputs).last_p,
    "alpha_fixed_sequence": lambda inputs: [float(p) for p in _fixed(inputs).p_values],
    "alpha_p_sequence_min": lambda inputs: _fixed(inputs).p_value,
    "alpha_fixed_sample_size": lambda inputs: _size(_fixed(inputs), inputs),
    "alpha_shrink_trunc_p": lambda inputs: _shrink_truncate(inputs).last_p,
    "alpha_optimal_comparison_p": lambda inputs: _optimal_comparison(inputs).last_p,
    "betting_fixed_lambda": lambda inputs: _betting(inputs).p_value,
    "kaplan_markov": lambda inputs: _kaplan_p(kaplan.markov, inputs),
    "kaplan_markov_comparison_p": _markov_comparison,
    "kaplan_wald": lambda inputs: _kaplan_p(kaplan.wald, inputs),
    "kaplan_wald_sample_size": lambda inputs: _size(_kaplan(kaplan.wald, inputs), inputs),
    "kaplan_markov_sample_size": lambda inputs: _size(_kaplan(kaplan.markov, inputs), inputs),
    "bravo_asn": lambda inputs: bravo.average_sample(
        _pair(inputs), risk_limit=inputs.real("alpha")
    ),
    "bravo_asn_two_winners": _bravo_asn_winners,
    "bravo_sample_size_at_probability": _bravo_sizes,
    "bravo_p": _bravo_p,
    "bravo_p_ballots_not_found": _bravo_not_found,
    "supersimple_p": _supersimple_p,
    "supersimple_risk_percent": lambda inputs: 100 * _supersimple_p(inputs),
    "supersimple_sample_size": _supersimple_size,
    "supersimple_next_size": _supersimple_next,
    "macro_batch_bound": lambda inputs: macro.bound(
        _batch(inputs), contest_margin=inputs.whole("contest_margin")
    ),
    "macro_total_bound": _total_bound,
    "macro_batch_taint": _batch_taint,
    "macro_sample_size": lambda inputs: macro.sample_size(
        _total_bound(inputs), risk_limit=inputs.real("alpha")
    ),
    "macro_p": lambda inputs: macro.p_value(inputs.real("U"), inputs.reals("taints")),
}
