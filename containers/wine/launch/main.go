// Command launch starts one Windows program with exactly the environment, the directory and the
// arguments that a JSON file says, passes the three standard streams through, and writes the
// program's 32-bit exit code to another file.
//
// It exists because Wine gives a program that is started from Unix the environment of its registry,
// and because a Unix exit status keeps only eight bits. It is not a shell: nothing is expanded.
//
//	launch run SPEC.json CODE.txt   run, then write "exit 0", "exit 3221225786",
//	                                "missing 127" (no such program) or "error TEXT"
//	launch hold READY.txt           write an empty file, then wait for ever: keeps Wine's services
//	                                up between programs
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type spec struct {
	Argv []string `json:"argv"`
	// Env is the whole environment, as NAME=VALUE, in this order.
	Env []string `json:"env"`
	// Cwd is a Windows path.
	Cwd string `json:"cwd"`
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "hold":
		if os.WriteFile(os.Args[2], nil, 0o666) != nil {
			os.Exit(125)
		}
		for {
			time.Sleep(time.Hour)
		}
	case len(os.Args) == 4 && os.Args[1] == "run":
		code, err := run(os.Args[2])
		text := fmt.Sprintf("exit %d\n", code)
		if errors.Is(err, errMissing) {
			text = "missing 127\n"
		} else if err != nil {
			text = "error " + strings.ReplaceAll(err.Error(), "\n", " ") + "\n"
		}
		if os.WriteFile(os.Args[3], []byte(text), 0o666) != nil {
			os.Exit(125)
		}
	default:
		fmt.Fprintln(os.Stderr, "usage: launch run SPEC.json CODE.txt | launch hold READY.txt")
		os.Exit(2)
	}
}

var errMissing = errors.New("there is no such program")

func run(path string) (uint32, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var s spec
	if err := json.Unmarshal(text, &s); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	if len(s.Argv) == 0 {
		return 0, fmt.Errorf("%s: no program", path)
	}
	if info, err := os.Stat(s.Cwd); err != nil || !info.IsDir() {
		return 0, fmt.Errorf("no directory %s", s.Cwd)
	}
	program, ok := find(s)
	if !ok {
		fmt.Fprintf(os.Stderr, "%s: program not found\n", s.Argv[0])
		return 0, errMissing
	}
	// Not os/exec: that one adds SYSTEMROOT and drops duplicates.
	process, err := os.StartProcess(program, s.Argv, &os.ProcAttr{
		Dir:   s.Cwd,
		Env:   s.Env,
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		return 126, nil
	}
	state, err := process.Wait()
	if err != nil {
		return 0, err
	}
	return state.Sys().(syscall.WaitStatus).ExitCode, nil
}

// find looks a program up as cmd.exe does, in the PATH and PATHEXT of the program's environment and
// not of this one; the current directory is not searched.
func find(s spec) (string, bool) {
	name := s.Argv[0]
	extensions := strings.Split(variable(s.Env, "PATHEXT", ".com;.exe;.bat;.cmd"), ";")
	if filepath.Ext(name) != "" {
		extensions = append([]string{""}, extensions...)
	}
	dirs := []string{s.Cwd}
	if filepath.IsAbs(name) {
		dirs = []string{""}
	} else if !strings.ContainsAny(name, `\/`) {
		dirs = filepath.SplitList(variable(s.Env, "PATH", ""))
	}
	for _, dir := range dirs {
		for _, extension := range extensions {
			path := filepath.Join(dir, name+extension)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path, true
			}
		}
	}
	return "", false
}

func variable(env []string, name, otherwise string) string {
	for _, pair := range env {
		if key, value, ok := strings.Cut(pair, "="); ok && strings.EqualFold(key, name) {
			return value
		}
	}
	return otherwise
}
