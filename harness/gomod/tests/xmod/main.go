// Program xmod answers questions with golang.org/x/mod, for differential tests.
//
// It reads one JSON request a line and writes one JSON answer a line. An answer
// has "error" set when x/mod returned one; []byte is base64.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

type request struct {
	Op      string
	Path    string      // check, create, hash_zip, hash_dir, escape
	Prefix  string      // hash_dir
	Version string      // check, create, version, escape
	Other   string      // version
	Data    []byte      // check, gomod
	Globs   string      // glob
	Target  string      // glob
	Files   []file      // create
	Pairs   [][2]string // fold
}

type file struct {
	Name string
	Data []byte
}

type answer struct {
	Error string   `json:"error"`
	Text  string   `json:"text"`
	Texts []string `json:"texts"`
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

func handle(req request, ans *answer) error {
	switch req.Op {
	case "check":
		return check(req, ans)
	case "create":
		return create(req, ans)
	case "glob":
		matched, err := path.Match(req.Globs, req.Target)
		one := strconv.FormatBool(matched)
		if err != nil {
			one = err.Error()
		}
		ans.Texts = []string{one, strconv.FormatBool(module.MatchPrefixPatterns(req.Globs, req.Target))}
	case "letters":
		ans.Text = unicode.Version
		for r := rune(0x80); r < 0x20000; r++ {
			if module.CheckFilePath(string(r)) == nil {
				ans.Texts = append(ans.Texts, string(r))
			}
		}
	case "fold":
		for _, pair := range req.Pairs {
			ans.Texts = append(ans.Texts, strconv.FormatBool(strings.EqualFold(pair[0], pair[1])))
		}
	case "version":
		ans.Texts = version(req.Version, req.Other)
	case "gomod":
		f, err := modfile.ParseLax("go.mod", req.Data, nil)
		if err != nil {
			return err
		}
		ans.Texts = []string{"", ""}
		if f.Module != nil {
			ans.Texts[0] = f.Module.Mod.Path
		}
		if f.Go != nil {
			ans.Texts[1] = f.Go.Version
		}
	case "hash_zip":
		var err error
		ans.Text, err = dirhash.HashZip(req.Path, dirhash.Hash1)
		return err
	case "hash_dir":
		var err error
		ans.Text, err = dirhash.HashDir(req.Path, req.Prefix, dirhash.Hash1)
		return err
	case "escape":
		path, err1 := module.EscapePath(req.Path)
		vers, err2 := module.EscapeVersion(req.Version)
		unpath, err3 := module.UnescapePath(req.Path)
		unvers, err4 := module.UnescapeVersion(req.Version)
		check := module.Check(req.Path, req.Version) == nil
		canonical := ""
		if semver.IsValid(req.Version) {
			canonical = module.CanonicalVersion(req.Version)
		}
		ans.Texts = []string{
			ok(path, err1), ok(vers, err2), ok(unpath, err3), ok(unvers, err4),
			canonical, fmt.Sprint(check),
		}
	default:
		return fmt.Errorf("unknown op %q", req.Op)
	}
	return nil
}

func ok(text string, err error) string {
	if err != nil {
		return "error"
	}
	return text
}

// check does what cmd/go does with a zip that it downloaded.
func check(req request, ans *answer) error {
	dir, err := os.MkdirTemp("", "xmod")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "m.zip")
	if err := os.WriteFile(name, req.Data, 0o666); err != nil {
		return err
	}
	m := module.Version{Path: req.Path, Version: req.Version}
	if _, err := zip.CheckZip(m, name); err != nil {
		return err
	}
	if err := zip.Unzip(filepath.Join(dir, "out"), m, name); err != nil {
		return err
	}
	ans.Text, err = dirhash.HashZip(name, dirhash.Hash1)
	return err
}

type entry struct{ file }

func (e entry) Path() string                 { return e.Name }
func (e entry) Lstat() (os.FileInfo, error)  { return info{e.file}, nil }
func (e entry) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(e.Data)), nil }

type info struct{ f file }

func (i info) Name() string       { return path.Base(i.f.Name) }
func (i info) Size() int64        { return int64(len(i.f.Data)) }
func (i info) Mode() os.FileMode  { return 0o644 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

func create(req request, ans *answer) error {
	var files []zip.File
	for _, f := range req.Files {
		files = append(files, entry{f})
	}
	var out bytes.Buffer
	m := module.Version{Path: req.Path, Version: req.Version}
	if err := zip.Create(&out, m, files); err != nil {
		return err
	}
	req.Data = out.Bytes()
	return check(req, ans)
}

func version(v, w string) []string {
	major := ""
	if semver.IsValid(v) {
		major = semver.MajorMinor(v)
	}
	texts := []string{
		strconv.Itoa(semver.Compare(v, w)),
		semver.Canonical(v), semver.Major(v), major, semver.Prerelease(v), semver.Build(v),
		strconv.FormatBool(module.IsPseudoVersion(v)),
		strconv.FormatBool(module.IsZeroPseudoVersion(v)),
	}
	if !module.IsPseudoVersion(v) {
		return texts
	}
	base, err := module.PseudoVersionBase(v)
	if err != nil {
		base = "error"
	}
	when, err := module.PseudoVersionTime(v)
	stamp := "error"
	if err == nil {
		stamp = when.Format(time.RFC3339)
	}
	rev, _ := module.PseudoVersionRev(v)
	return append(texts, base, stamp, rev)
}
