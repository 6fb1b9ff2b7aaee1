// Program xmod answers questions with golang.org/x/mod, for differential tests.
//
// It reads one JSON request a line and writes one JSON answer a line. An answer
// has "error" set when x/mod returned one; []byte is base64.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Op      string
	Path    string            // tile_path, client
	Key     string            // sign, open, client
	Message []byte            // sign, open, tree_note, record
	Size    int64             // tree
	Pairs   [][2]int64        // tree
	Height  int               // tree, client
	Version string            // client
	Latest  []byte            // client
	Remote  map[string][]byte // client
	Cache   map[string][]byte // client
}

type answer struct {
	Error    string            `json:"error"`
	Text     string            `json:"text"`
	Texts    []string          `json:"texts"`
	Proofs   [][]string        `json:"proofs"`
	Tiles    map[string][]byte `json:"tiles"`
	Security string            `json:"security"`
}

func main() {
	in := bufio.NewReader(os.Stdin)
	decoder, encoder := json.NewDecoder(in), json.NewEncoder(os.Stdout)
	for {
		var req request
		if err := decoder.Decode(&req); err != nil {
			return
		}
		var ans answer
		if err := handle(req, &ans); err != nil {
			ans.Error = err.Error()
		}
		if err := encoder.Encode(ans); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func handle(req request, ans *answer) (err error) {
	switch req.Op {
	case "sign":
		var signer note.Signer
		if signer, err = note.NewSigner(req.Key); err != nil {
			return err
		}
		var signed []byte
		signed, err = note.Sign(&note.Note{Text: string(req.Message)}, signer)
		ans.Text = string(signed)
	case "open":
		var verifier note.Verifier
		if verifier, err = note.NewVerifier(req.Key); err != nil {
			return err
		}
		var n *note.Note
		if n, err = note.Open(req.Message, note.VerifierList(verifier)); err != nil {
			return err
		}
		ans.Text = n.Text
	case "tree_note":
		var tree tlog.Tree
		if tree, err = tlog.ParseTree(req.Message); err == nil {
			ans.Text = string(tlog.FormatTree(tree))
		}
	case "record":
		var text []byte
		_, text, _, err = tlog.ParseRecord(req.Message)
		ans.Text = string(text)
	case "tree":
		return tree(req, ans)
	case "tile_path":
		var tile tlog.Tile
		if tile, err = tlog.ParseTilePath(req.Path); err == nil {
			ans.Text = tile.Path()
		}
	case "tile_for_index":
		ans.Text = tlog.TileForIndex(req.Height, req.Size).Path()
	case "client":
		ops := &clientOps{req: req, ans: ans, config: req.Latest}
		client := sumdb.NewClient(ops)
		client.SetTileHeight(req.Height)
		ans.Texts, err = client.Lookup(req.Path, req.Version)
	default:
		err = errors.New("unknown op")
	}
	return err
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var list []tlog.Hash
	for _, i := range indexes {
		list = append(list, h[i])
	}
	return list, nil
}

// tree answers with the root of every tree up to Size, the record and tree
// proofs of the pairs (size, n), and every tile of the largest tree.
func tree(req request, ans *answer) error {
	var stored hashes
	for n := range req.Size {
		more, err := tlog.StoredHashes(n, fmt.Appendf(nil, "record %d\n", n), stored)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
		root, err := tlog.TreeHash(n+1, stored)
		if err != nil {
			return err
		}
		ans.Texts = append(ans.Texts, root.String())
	}
	for _, pair := range req.Pairs {
		record, err := tlog.ProveRecord(pair[0], pair[1], stored)
		if err != nil {
			return err
		}
		tree, err := tlog.ProveTree(pair[0], pair[1]+1, stored)
		if err != nil {
			return err
		}
		for _, proof := range [][]tlog.Hash{record, tree} {
			texts := []string{}
			for _, hash := range proof {
				texts = append(texts, hash.String())
			}
			ans.Proofs = append(ans.Proofs, texts)
		}
	}
	ans.Tiles = make(map[string][]byte)
	for _, tile := range tlog.NewTiles(req.Height, 0, req.Size) {
		data, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		ans.Tiles[tile.Path()] = data
	}
	return nil
}

// clientOps lets the client see the request's answers only.
type clientOps struct {
	req    request
	ans    *answer
	config []byte
}

func (c *clientOps) ReadRemote(path string) ([]byte, error) {
	if data, ok := c.req.Remote[path]; ok {
		return data, nil
	}
	return nil, errors.New("not found: " + path)
}

func (c *clientOps) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(c.req.Key), nil
	}
	return c.config, nil
}

func (c *clientOps) WriteConfig(file string, old, new []byte) error {
	c.config = new
	return nil
}

func (c *clientOps) ReadCache(file string) ([]byte, error) {
	if data, ok := c.req.Cache[file]; ok {
		return data, nil
	}
	return nil, os.ErrNotExist
}

func (c *clientOps) WriteCache(file string, data []byte) {}
func (c *clientOps) Log(msg string)                      {}
func (c *clientOps) SecurityError(msg string)            { c.ans.Security = msg }
