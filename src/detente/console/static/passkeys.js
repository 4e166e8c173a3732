// Passkeys: what the node asks goes to the authenticator, what that answers goes back.
// @ts-check

/** @param {string} text */
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
/** @param {ArrayBuffer} buffer */
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const said = document.getElementById("said");

/** @param {string} words */
function say(words) {
  if (said) said.textContent = words;
}

/** @param {string} path @param {object} body */
async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  const document = await answer.json();
  if (!answer.ok) throw new Error([document.error, document.remedy].filter(Boolean).join(". "));
  return document;
}

/** @param {PublicKeyCredential} credential */
function described(credential) {
  const response = credential.response;
  /** @type {Record<string, string | null>} */
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  if (response instanceof AuthenticatorAttestationResponse) {
    parts.attestationObject = text(response.attestationObject);
  } else if (response instanceof AuthenticatorAssertionResponse) {
    parts.authenticatorData = text(response.authenticatorData);
    parts.signature = text(response.signature);
    parts.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: parts, clientExtensionResults: {} };
}

/** @param {any} asked */
function prepared(asked) {
  const options = { ...asked, challenge: bytes(asked.challenge) };
  if (options.user) options.user = { ...options.user, id: bytes(options.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (options[list]) options[list] = options[list].map((/** @type {any} */ each) => ({ ...each, id: bytes(each.id) }));
  }
  return options;
}

async function enter() {
  say("Waiting for the passkey…");
  const { options } = await post("/enter/ask", {});
  const credential = await navigator.credentials.get({ publicKey: prepared(options) });
  const { to } = await post("/enter", { credential: described(/** @type {PublicKeyCredential} */ (credential)) });
  location.assign(to);
}

async function enrol() {
  say("Waiting for the passkey…");
  const link = location.hash.slice(1);
  const { options } = await post("/enrol/ask", { link });
  const credential = await navigator.credentials.create({ publicKey: prepared(options) });
  const label = document.getElementById("label");
  const { to } = await post("/enrol", {
    link,
    label: label instanceof HTMLInputElement ? label.value : "",
    credential: described(/** @type {PublicKeyCredential} */ (credential)),
  });
  location.replace(to);
}

for (const [id, act] of Object.entries({ enter, enrol })) {
  document.getElementById(id)?.addEventListener("click", () => {
    act().catch((error) => say(error.name === "NotAllowedError" ? "The passkey was not used. Try once more." : error.message));
  });
}
