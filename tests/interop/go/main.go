// Verifies what detente wrote, with code that shares nothing with it.
//
// Reads one JSON document on standard input and prints the verdicts. Notes are
// opened by golang.org/x/mod/sumdb/note, proofs and tiles by sumdb/tlog,
// cosignatures by crypto/ed25519 and ML-DSA; the cosigned messages are formatted
// here, from C2SP tlog-cosignature.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Note         []byte            `json:"note"`
	Vkeys        []string          `json:"vkeys"`
	Cosigners    []string          `json:"cosigners"`
	Inclusions   []inclusion       `json:"inclusions"`
	Consistency  []consistency     `json:"consistency"`
	Tiles        map[string][]byte `json:"tiles"`
	TileSize     int64             `json:"tile_size"`
	TileRoot     []byte            `json:"tile_root"`
	TileEntry    int64             `json:"tile_entry"`
	TileExpected []byte            `json:"tile_expected"`
}

type inclusion struct {
	Entry []byte   `json:"entry"`
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	Root  []byte   `json:"root"`
	Proof [][]byte `json:"proof"`
}

type consistency struct {
	OldSize int64    `json:"old_size"`
	OldRoot []byte   `json:"old_root"`
	NewSize int64    `json:"new_size"`
	NewRoot []byte   `json:"new_root"`
	Proof   [][]byte `json:"proof"`
}

type verdict struct {
	Text         string   `json:"text"`
	Signers      []string `json:"signers"`
	Cosigners    []string `json:"cosigners"`
	Inclusions   []bool   `json:"inclusions"`
	Consistency  []bool   `json:"consistency"`
	TileVerified bool     `json:"tile_verified"`
	Error        string   `json:"error"`
}

func main() {
	var in request
	out := verdict{}
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		out.Error = err.Error()
	} else if err := judge(in, &out); err != nil {
		out.Error = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		os.Exit(1)
	}
}

func judge(in request, out *verdict) error {
	if err := openNote(in, out); err != nil {
		return err
	}
	for _, one := range in.Cosigners {
		if err := checkCosignature(in.Note, one); err != nil {
			return fmt.Errorf("%.40s: %w", one, err)
		}
		name, _, _ := strings.Cut(one, "+")
		out.Cosigners = append(out.Cosigners, name)
	}
	for _, one := range in.Inclusions {
		err := tlog.CheckRecord(hashes(one.Proof), one.Size, hash(one.Root), one.Index, tlog.RecordHash(one.Entry))
		out.Inclusions = append(out.Inclusions, err == nil)
	}
	for _, one := range in.Consistency {
		err := tlog.CheckTree(hashes(one.Proof), one.NewSize, hash(one.NewRoot), one.OldSize, hash(one.OldRoot))
		out.Consistency = append(out.Consistency, err == nil)
	}
	if in.TileSize > 0 {
		reader := tlog.TileHashReader(tlog.Tree{N: in.TileSize, Hash: hash(in.TileRoot)}, tiles(in.Tiles))
		found, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, in.TileEntry)})
		if err != nil {
			return err
		}
		out.TileVerified = found[0] == hash(in.TileExpected)
	}
	return nil
}

func openNote(in request, out *verdict) error {
	if len(in.Vkeys) == 0 {
		return nil
	}
	var verifiers []note.Verifier
	for _, vkey := range in.Vkeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(in.Note, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	out.Text = opened.Text
	for _, signature := range opened.Sigs {
		out.Signers = append(out.Signers, signature.Name)
	}
	return nil
}

// checkCosignature finds the line of the key in the note and verifies it.
func checkCosignature(msg []byte, vkey string) error {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return err
	}
	split := bytes.LastIndex(msg, []byte("\n\n"))
	text, lines := string(msg[:split+1]), strings.Split(string(msg[split+2:]), "\n")
	for _, line := range lines {
		rest, found := strings.CutPrefix(line, "— "+parts[0]+" ")
		raw, err := base64.StdEncoding.DecodeString(rest)
		if !found || err != nil || len(raw) < 12 || binary.BigEndian.Uint32(raw) != uint32(id) {
			continue
		}
		return checkSignature(key[0], key[1:], parts[0], text, binary.BigEndian.Uint64(raw[4:]), raw[12:])
	}
	return errors.New("no such line")
}

func checkSignature(kind byte, key []byte, name, text string, timestamp uint64, signature []byte) error {
	switch kind {
	case 0x04:
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", timestamp, text)
		if !ed25519.Verify(key, []byte(message), signature) {
			return errors.New("Ed25519 does not verify")
		}
		return nil
	case 0x06:
		message, err := subtreeMessage(name, text, timestamp)
		if err != nil {
			return err
		}
		public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), key)
		if err != nil {
			return err
		}
		return mldsa.Verify(public, message, signature, nil)
	}
	return fmt.Errorf("key type %d", kind)
}

func subtreeMessage(name, text string, timestamp uint64) ([]byte, error) {
	lines := strings.Split(text, "\n")
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return nil, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return nil, err
	}
	var message bytes.Buffer
	message.WriteString("subtree/v1\n\x00")
	message.WriteByte(byte(len(name)))
	message.WriteString(name)
	binary.Write(&message, binary.BigEndian, timestamp)
	message.WriteByte(byte(len(lines[0])))
	message.WriteString(lines[0])
	binary.Write(&message, binary.BigEndian, uint64(0))
	binary.Write(&message, binary.BigEndian, size)
	message.Write(root)
	return message.Bytes(), nil
}

type tiles map[string][]byte

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, one := range wanted {
		// The module's own paths carry the height, which tlog-tiles fixes at 8 and leaves out.
		path := strings.Replace(one.Path(), "tile/8/", "tile/", 1)
		data, ok := t[path]
		if !ok {
			return nil, fmt.Errorf("%s is not there", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func hash(raw []byte) (h tlog.Hash) {
	copy(h[:], raw)
	return h
}

func hashes(raw [][]byte) []tlog.Hash {
	found := []tlog.Hash{}
	for _, one := range raw {
		found = append(found, hash(one))
	}
	return found
}
