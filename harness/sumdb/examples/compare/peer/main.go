// Program peer does with golang.org/x/mod what the comparison does with the crate.
//
// It reads one JSON request a line: a task and how often to do it. It answers
// with the nanoseconds that took, and with the result, for both must agree.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Task  string
	Count int
	Path  string // of a zip
	Size  int64  // of the log
	Key   string // of the note
	Note  string
}

type answer struct {
	Nanos  int64  `json:"nanos"`
	Result int64  `json:"result"`
	Text   string `json:"text"` // of a zip
	Peak   int64  `json:"peak"`
	Error  string `json:"error"`
}

func main() {
	decoder, encoder := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for {
		var req request
		if decoder.Decode(&req) != nil {
			return
		}
		var ans answer
		run, err := prepare(req, &ans)
		if err == nil {
			start := time.Now()
			for i := range req.Count {
				if ans.Result, err = run(int64(i)); err != nil {
					break
				}
			}
			ans.Nanos = time.Since(start).Nanoseconds()
		}
		if err != nil {
			ans.Error = err.Error()
		}
		ans.Peak = peak()
		if err := encoder.Encode(ans); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// peak is the most memory that the process has had resident, in bytes, where
// the system tells.
func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		list[i] = h[index]
	}
	return list, nil
}

func module(n int64) string { return fmt.Sprintf("example.com/organisation/module%d", n) }

func record(n int64) []byte {
	hash := "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	module := module(n)
	return fmt.Appendf(nil, "%s v1.0.0 %s\n%s v1.0.0/go.mod %s\n", module, hash, module, hash)
}

// The log, and what tasks need of it, made once.
var (
	records [][]byte
	stored  hashes
	root    tlog.Hash
)

func grow(size int64) error {
	if int64(len(records)) == size {
		return nil
	}
	records, stored, tileData = nil, nil, nil
	for n := range size {
		records = append(records, record(n))
		more, err := tlog.StoredHashes(n, records[n], stored)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	var err error
	if root, err = tlog.TreeHash(size, stored); err != nil {
		return err
	}
	tileData, err = allTiles(stored, size)
	return err
}

func allTiles(stored hashes, size int64) (map[tlog.Tile][]byte, error) {
	all := make(map[tlog.Tile][]byte)
	for _, tile := range tlog.NewTiles(8, 0, size) {
		data, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return nil, err
		}
		all[tile] = data
	}
	return all, nil
}

// place spreads the tasks over the log.
func place(i, size int64) int64 { return i * 7919 % size }

const proofs = 64

type tiles struct{}

func (tiles) Height() int { return 8 }
func (tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range list {
		data = append(data, tileData[tile])
	}
	return data, nil
}
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

var tileData map[tlog.Tile][]byte

// prepare returns what is measured.
func prepare(req request, ans *answer) (func(i int64) (int64, error), error) {
	size := req.Size
	if size > 0 {
		if err := grow(size); err != nil {
			return nil, err
		}
	}
	switch req.Task {
	case "zip":
		return func(int64) (n int64, err error) {
			ans.Text, err = dirhash.HashZip(req.Path, dirhash.Hash1)
			return 0, err
		}, nil
	case "note":
		verifier, err := note.NewVerifier(req.Key)
		if err != nil {
			return nil, err
		}
		list, message := note.VerifierList(verifier), []byte(req.Note)
		return func(int64) (int64, error) {
			opened, err := note.Open(message, list)
			if err != nil {
				return 0, err
			}
			return int64(len(opened.Text)), nil
		}, nil
	case "record_hash":
		return func(i int64) (int64, error) {
			return last(tlog.RecordHash(records[i%proofs])), nil
		}, nil
	case "node_hash":
		hash := root
		return func(i int64) (int64, error) {
			hash = tlog.NodeHash(hash, stored[i%proofs])
			return last(hash), nil
		}, nil
	case "stored_hashes":
		var log hashes
		return func(i int64) (int64, error) {
			if i%size == 0 {
				log = log[:0]
			}
			more, err := tlog.StoredHashes(i%size, records[i%size], log)
			if err != nil {
				return 0, err
			}
			log = append(log, more...)
			return last(more[len(more)-1]), nil
		}, nil
	case "tree_hash":
		return func(i int64) (int64, error) {
			hash, err := tlog.TreeHash(1+place(i, size), stored)
			return last(hash), err
		}, nil
	case "prove_record":
		return func(i int64) (int64, error) {
			proof, err := tlog.ProveRecord(size, place(i, size), stored)
			return last(proof[0]), err
		}, nil
	case "prove_tree":
		return func(i int64) (int64, error) {
			proof, err := tlog.ProveTree(size, 1+place(i, size-1), stored)
			return last(proof[0]), err
		}, nil
	case "check_record", "check_many":
		var list []tlog.RecordProof
		var leaves []tlog.Hash
		for i := range int64(proofs) {
			proof, err := tlog.ProveRecord(size, place(i, size), stored)
			if err != nil {
				return nil, err
			}
			list = append(list, proof)
			leaves = append(leaves, tlog.RecordHash(records[place(i, size)]))
		}
		check := func(i int64) (int64, error) {
			return 0, tlog.CheckRecord(list[i], size, root, place(i, size), leaves[i])
		}
		if req.Task == "check_record" {
			return func(i int64) (int64, error) { return check(i % proofs) }, nil
		}
		return func(int64) (int64, error) {
			for i := range int64(proofs) {
				if _, err := check(i); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}, nil
	case "check_tree":
		var list []tlog.TreeProof
		var older []tlog.Hash
		for i := range int64(proofs) {
			n := 1 + place(i, size-1)
			proof, err := tlog.ProveTree(size, n, stored)
			if err != nil {
				return nil, err
			}
			hash, err := tlog.TreeHash(n, stored)
			if err != nil {
				return nil, err
			}
			list = append(list, proof)
			older = append(older, hash)
		}
		return func(i int64) (int64, error) {
			i %= proofs
			return 0, tlog.CheckTree(list[i], size, root, 1+place(i, size-1), older[i])
		}, nil
	case "tile_hash":
		tile := tlog.Tile{H: 8, L: 0, N: 3, W: 256}
		data, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return nil, err
		}
		top := tlog.StoredHashIndex(7, 6)
		return func(int64) (int64, error) {
			hash, err := tlog.HashFromTile(tile, data, top)
			return last(hash), err
		}, nil
	case "tile_data":
		return func(i int64) (int64, error) {
			tile := tlog.Tile{H: 8, L: 0, N: place(i, size>>8), W: 256}
			data, err := tlog.ReadTileData(tile, stored)
			return int64(data[0]), err
		}, nil
	case "new_tiles":
		return func(i int64) (int64, error) {
			old := place(i, size)
			return int64(len(tlog.NewTiles(8, old, old+1000))), nil
		}, nil
	case "tile_path":
		return func(i int64) (int64, error) {
			tile, err := tlog.ParseTilePath(tlog.Tile{H: 8, L: 1, N: i, W: 7}.Path())
			return int64(tile.N), err
		}, nil
	case "publish":
		return func(int64) (int64, error) {
			var log hashes
			for n, record := range records {
				more, err := tlog.StoredHashes(int64(n), record, log)
				if err != nil {
					return 0, err
				}
				log = append(log, more...)
			}
			var sum int64
			for _, tile := range tlog.NewTiles(8, 0, size) {
				data, err := tlog.ReadTileData(tile, log)
				if err != nil {
					return 0, err
				}
				sum += int64(data[31])
			}
			return sum, nil
		}, nil
	case "lookup":
		client := sumdb.NewClient(newOps(req, size))
		return func(i int64) (int64, error) {
			lines, err := client.Lookup(module(place(i, size)), "v1.0.0")
			var sum int64
			for _, line := range lines {
				sum += int64(len(line))
			}
			return sum, err
		}, nil
	case "tile_reader":
		reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{})
		return func(i int64) (int64, error) {
			proof, err := tlog.ProveRecord(size, place(i, size), reader)
			if err != nil {
				return 0, err
			}
			return last(proof[0]), nil
		}, nil
	}
	return nil, errors.New("unknown task")
}

// last makes a result of a hash at little cost.
func last(hash tlog.Hash) int64 {
	return int64(hash[31])
}
