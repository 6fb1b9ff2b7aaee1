package main

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/mod/sumdb"
)

// lookups is how many one client does.
const lookups = 1000

// served is what a database serves, made once for each log.
var (
	served     map[string][]byte
	servedSize int64
)

// ops is the world of a client: everything is in memory.
type ops struct {
	key    string
	mu     sync.Mutex
	config map[string][]byte
	cache  map[string][]byte
}

func newOps(req request, size int64) *ops {
	if servedSize != size {
		served, servedSize = make(map[string][]byte), size
		for tile, data := range tileData {
			served["/"+tile.Path()] = data
		}
		for i := range int64(lookups) {
			n := place(i, size)
			answer := fmt.Appendf(nil, "%d\n%s\n%s", n, records[n], req.Note)
			served["/lookup/"+module(n)+"@v1.0.0"] = answer
		}
	}
	return &ops{key: req.Key, config: make(map[string][]byte), cache: make(map[string][]byte)}
}

func (o *ops) ReadRemote(path string) ([]byte, error) {
	if data, ok := served[path]; ok {
		return data, nil
	}
	return nil, os.ErrNotExist
}

func (o *ops) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(o.key), nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.config[file], nil
}

func (o *ops) WriteConfig(file string, old, new []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if string(o.config[file]) != string(old) {
		return sumdb.ErrWriteConflict
	}
	o.config[file] = new
	return nil
}

func (o *ops) ReadCache(file string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if data, ok := o.cache[file]; ok {
		return data, nil
	}
	return nil, os.ErrNotExist
}

func (o *ops) WriteCache(file string, data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cache[file] = data
}

func (o *ops) Log(string)           {}
func (o *ops) SecurityError(string) {}
