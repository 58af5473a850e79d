// Verifies what the bank signs with Go's own sumdb/note and sumdb/tlog (golang.org/x/mod), which this
// project did not write. Reads cases as JSON on standard input; writes, for each, whether it verifies.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type cases struct {
	Logs        []string // verifier keys
	Witnesses   []string // verifier keys; each must have cosigned
	Checkpoints []string
	Inclusions  []struct{ Receipt, Proof string }
	Consistency []struct {
		First, Second string // checkpoints
		Proof         []string
	}
	Files []struct {
		Text        string   // the log's lines
		Checkpoints []string // of its chains
	}
}

type verdicts struct {
	Checkpoints, Inclusions, Consistency, Files []bool
}

// witness verifies cosignatures (C2SP tlog-cosignature, type 0x04), which sumdb/note does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, msg)
	return ed25519.Verify(w.key, []byte(signed), sig[8:])
}

func newWitness(vkey string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not a witness's key: " + vkey)
	}
	hash := sha256.Sum256(append([]byte(name+"\n"), key...))
	return witness{name, binary.BigEndian.Uint32(hash[:]), key[1:]}, nil
}

type verifier struct {
	logs      []note.Verifier
	witnesses []note.Verifier
}

type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

// checkpoint opens a note that its log and every witness signed.
func (v verifier) checkpoint(text string) (checkpoint, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(append(v.logs, v.witnesses...)...))
	if err != nil {
		return checkpoint{}, err
	}
	signers := map[string]bool{}
	for _, sig := range opened.Sigs {
		signers[sig.Name] = true
	}
	for _, w := range v.witnesses {
		if !signers[w.Name()] {
			return checkpoint{}, errors.New("no cosignature by " + w.Name())
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || !signers[lines[0]] {
		return checkpoint{}, errors.New("not a checkpoint of its signer")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, errors.New("not a size")
	}
	root, err := tlog.ParseHash(lines[2])
	return checkpoint{lines[0], size, root}, err
}

// inclusion verifies a receipt and its proof, as server/audit/FORMAT.md specifies both.
func (v verifier) inclusion(receipt, proof string) error {
	opened, err := note.Open([]byte(receipt), note.VerifierList(v.logs...))
	if err != nil {
		return err
	}
	text := strings.Split(opened.Text, "\n")
	if len(text) != 9 || text[0] != "strongroom receipt 1" || bank(opened.Sigs[0].Name) != bank(text[4]) {
		return errors.New("not a receipt of its signer")
	}
	head, signed, found := strings.Cut(proof, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a proof")
	}
	extra, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil || len(extra) < 80 {
		return errors.New("no extra bytes")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var siblings tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		siblings = append(siblings, hash)
	}
	tree, err := v.checkpoint(signed)
	if err != nil {
		return err
	}
	w, salt, entry := extra[32:64], extra[64:80], extra[80:]
	encode := base64.StdEncoding.EncodeToString
	if tree.origin != text[4] || string(entry) != text[1] || encode(w) != text[6] ||
		encode(salt) != text[7] || strconv.FormatInt(index, 10) != text[5] {
		return errors.New("the proof is of another entry")
	}
	t := sha256.Sum256(append(clone(salt), entry...))
	c := sha256.Sum256(append(clone(w), t[:]...))
	leaf := tlog.RecordHash(append(clone(extra[:32]), c[:]...))
	return tlog.CheckRecord(siblings, tree.size, tree.root, index, leaf)
}

func (v verifier) consistency(first, second string, proof []string) error {
	old, err := v.checkpoint(first)
	if err != nil {
		return err
	}
	tree, err := v.checkpoint(second)
	if err != nil {
		return err
	}
	if old.origin != tree.origin {
		return errors.New("two logs")
	}
	var hashes tlog.TreeProof
	for _, text := range proof {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	return tlog.CheckTree(hashes, tree.size, tree.root, old.size, old.root)
}

// chain is the tree of one chain of a log's text.
type chain struct {
	tags   [][]byte
	hashes []tlog.Hash
	before []head
}

// head is the last entry of an earlier chain, as a chain's first entry names it.
type head struct {
	id, tag []byte
	size    uint64
	root    tlog.Hash
}

// ReadHashes makes a chain a tlog.HashReader.
func (c *chain) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		found = append(found, c.hashes[index])
	}
	return found, nil
}

func (c *chain) root(size uint64) (tlog.Hash, error) {
	if size > uint64(len(c.tags)) {
		return tlog.Hash{}, errors.New("the chain is shorter")
	}
	if size == 0 {
		return sha256.Sum256(nil), nil
	}
	return tlog.TreeHash(int64(size), c)
}

// add appends the entry of a line, as server/audit/FORMAT.md specifies lines and leaves.
func (c *chain) add(fields []string) error {
	if fields[1] != strconv.Itoa(len(c.tags)+1) {
		return errors.New("an entry is missing")
	}
	var sealed []byte
	var err error
	if fields[6] != "-" {
		if sealed, err = base64.StdEncoding.Strict().DecodeString(fields[6]); err != nil {
			return err
		}
	}
	commitment, err := hex.DecodeString(fields[5])
	if err != nil {
		return err
	}
	tag, err := hex.DecodeString(fields[7])
	if err != nil {
		return err
	}
	first := sha256.Sum256(append(clone(sealed), tag...))
	hashes, err := tlog.StoredHashes(int64(len(c.tags)), append(first[:], commitment...), c)
	if err != nil {
		return err
	}
	c.hashes = append(c.hashes, hashes...)
	c.tags = append(c.tags, tag)
	label := "strongroom/1 chains before"
	if len(c.tags) > 1 || fields[3] != "0" || !strings.HasPrefix(string(sealed), label) {
		return nil
	}
	heads := sealed[len(label)+4:]
	if len(heads) != 92*int(binary.BigEndian.Uint32(sealed[len(label):])) {
		return errors.New("not a first entry")
	}
	for ; len(heads) > 0; heads = heads[92:] {
		each := head{id: heads[:16], size: binary.BigEndian.Uint64(heads[16:]), tag: heads[28:60]}
		copy(each.root[:], heads[60:92])
		c.before = append(c.before, each)
	}
	return nil
}

// file rebuilds the trees of a log's text, and compares them with checkpoints and with the heads that
// its chains name.
func (v verifier) file(text string, checkpoints []string) error {
	chains := map[string]*chain{}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		fields := strings.Split(line, " ")
		if len(fields) != 8 {
			return errors.New("not a line")
		}
		if chains[fields[0]] == nil {
			chains[fields[0]] = &chain{}
		}
		if err := chains[fields[0]].add(fields); err != nil {
			return err
		}
	}
	for _, each := range checkpoints {
		tree, err := v.checkpoint(each)
		if err != nil {
			return err
		}
		signed := chains[tree.origin[len(bank(tree.origin)):]]
		if signed == nil {
			return errors.New("no such chain")
		}
		if root, err := signed.root(uint64(tree.size)); err != nil || root != tree.root {
			return errors.New("another tree")
		}
	}
	for _, later := range chains {
		for _, each := range later.before {
			earlier := chains[hex.EncodeToString(each.id)]
			if earlier == nil {
				return errors.New("an earlier chain is missing")
			}
			root, err := earlier.root(each.size)
			if err != nil || root != each.root || !bytes.Equal(earlier.tags[each.size-1], each.tag) {
				return errors.New("another earlier chain")
			}
		}
	}
	return nil
}

// bank is what the origins of a bank's logs share.
func bank(origin string) string { return origin[:strings.LastIndex(origin, "/")+1] }

// clone is bytes.Clone, which Debian's Go does not have yet.
func clone(b []byte) []byte { return append([]byte(nil), b...) }

func main() {
	var in cases
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		panic(err)
	}
	var v verifier
	for _, key := range in.Logs {
		log, err := note.NewVerifier(key)
		if err != nil {
			panic(err)
		}
		v.logs = append(v.logs, log)
	}
	for _, key := range in.Witnesses {
		w, err := newWitness(key)
		if err != nil {
			panic(err)
		}
		v.witnesses = append(v.witnesses, w)
	}
	var out verdicts
	for _, each := range in.Checkpoints {
		_, err := v.checkpoint(each)
		out.Checkpoints = append(out.Checkpoints, err == nil)
	}
	for _, each := range in.Inclusions {
		out.Inclusions = append(out.Inclusions, v.inclusion(each.Receipt, each.Proof) == nil)
	}
	for _, each := range in.Consistency {
		out.Consistency = append(out.Consistency, v.consistency(each.First, each.Second, each.Proof) == nil)
	}
	for _, each := range in.Files {
		out.Files = append(out.Files, v.file(each.Text, each.Checkpoints) == nil)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
