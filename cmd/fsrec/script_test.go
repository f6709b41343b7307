package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"

	"fsrec/fixtures/tempdir"
	"fsrec/store"
	"fsrec/watcher/event"
)

func TestScripts(t *testing.T) {
	traces, err := filepath.Abs("../../testdata/traces/windows")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_GOLDEN") != "", // make golden
		WorkdirRoot:         tempdir.New(t),
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", raceOptions)
			e.Setenv("NO_COLOR", "")
			e.Setenv("TZ", "UTC")
			e.Setenv("TRACES", traces)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"foreign":  foreign,
			"newer":    newer,
			"unclosed": unclosed,
			"hold":     hold,
			"forget":   forget,
			"truncate": truncate,
			"oneline":  oneLine,
			"jsonl":    jsonLines,
			"same":     sameReport,
			"encode":   encode,
			"steady":   steady,
		},
		Condition: func(cond string) (bool, error) {
			if name, ok := strings.CutPrefix(cond, "has:"); ok {
				_, err := exec.LookPath(name)
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

func TestTheTextOfEveryKindOfRecordSurvivesALog(t *testing.T) {
	t.Chdir(tempdir.New(t))
	header := event.Header{Platform: event.Linux, Backend: "inotify", Roots: event.Strings{"/tmp/\xff"}, Comment: "two\nlines"}
	var text bytes.Buffer
	w, err := event.NewTextWriter(&text, &header)
	if err != nil {
		t.Fatal(err)
	}
	var records []event.Record
	for _, k := range event.Kinds() {
		records = append(records, event.Record{Kind: k, WD: 3, Mask: event.IN_CREATE | event.IN_ISDIR, Cookie: 7, N: 5, M: -6, Name: "n\n\xff", Path: "/p\x1b", Src: "/s\"", Flags: event.FlagDir | event.FlagSynthetic})
	}
	for i := range records {
		records[i].Seq, records[i].Time = uint64(i+1), int64(i)*1_000_000_001
	}
	if err := w.Write(records); err != nil {
		t.Fatal(err)
	}
	// What a kind has no key for is not in the text, so the text itself is what must come back.
	if err := os.WriteFile("all.txt", text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"load", "all.txt", "-o", "all.db"},
		{"dump", "all.db", "-o", "again.txt"},
		{"load", "again.txt", "-o", "again.db"},
		{"dump", "again.db", "-o", "third.txt"},
	} {
		if code := run(append([]string{"fsrec"}, args...)); code != exitDone {
			t.Fatalf("fsrec %q gives %d", args, code)
		}
	}
	for _, name := range []string{"again.txt", "third.txt"} {
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, text.Bytes()) {
			t.Errorf("%s is\n%s(%v)\nwant\n%s", name, got, err, text.Bytes())
		}
	}
}

// foreign FILE makes a bbolt database of another program.
func foreign(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bbolt.Open(ts.MkAbs(args[0]), 0o600, nil)
	ts.Check(err)
	ts.Check(db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("accounts"))
		return err
	}))
	ts.Check(db.Close())
}

// newer FILE makes a log of FILE that only a later version can read.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bbolt.Open(ts.MkAbs(args[0]), 0o600, nil)
	ts.Check(err)
	ts.Check(db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("magic"), []byte("fsrec log\x00\x7f\xff\x7f\xff"))
	}))
	ts.Check(db.Close())
}

func twoRecords() []event.Record {
	return []event.Record{
		{Seq: 1, Kind: event.KindWatch, WD: 1, Mask: event.IN_ALL_EVENTS, N: int64(event.IN_ALL_EVENTS), Path: "/d", Flags: event.FlagDir},
		{Seq: 2, Time: 1e9, Kind: event.KindEvent, WD: 1, Mask: event.IN_CREATE, Name: "f"},
	}
}

// unclosed FILE leaves what a recorder leaves that is killed after a commit.
func unclosed(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	w, err := store.Create(path+".recording", event.Header{Platform: event.Linux, Roots: event.Strings{"/d"}}, store.Options{FlushInterval: -1})
	ts.Check(err)
	ts.Check(w.Write(twoRecords()))
	ts.Check(w.Flush())
	content, err := os.ReadFile(path + ".recording")
	ts.Check(err)
	ts.Check(os.WriteFile(path, content, 0o600))
	ts.Check(w.Abort())
}

// hold FILE records into FILE until the script ends.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	w, err := store.Create(ts.MkAbs(args[0]), event.Header{Platform: event.Linux}, store.Options{})
	ts.Check(err)
	ts.Defer(func() { w.Close() })
	ts.Check(w.Write(twoRecords()))
	ts.Check(w.Flush())
}

// forget FILE BUCKET takes the first value out of a bucket of a log.
func forget(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bbolt.Open(ts.MkAbs(args[0]), 0o600, nil)
	ts.Check(err)
	ts.Check(db.Update(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(args[1])).Cursor()
		c.First()
		return c.Delete()
	}))
	ts.Check(db.Close())
}

// truncate FILE takes away the second half of FILE.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()/2))
}

// oneLine checks that the latest command complained in one line, without a control character.
func oneLine(ts *testscript.TestScript, _ bool, _ []string) {
	text := ts.ReadFile("stderr")
	line, rest, _ := strings.Cut(text, "\n")
	if rest != "" || !strings.HasPrefix(line, "fsrec: ") {
		ts.Fatalf("standard error is not one line of fsrec: %q", text)
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
		ts.Fatalf("a control character in %q", line)
	}
}

// jsonLines checks that every line of standard output is a JSON object with the promised keys.
func jsonLines(ts *testscript.TestScript, _ bool, _ []string) {
	text := ts.ReadFile("stdout")
	if text == "" {
		ts.Fatalf("no output")
	}
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			ts.Fatalf("%q: %v", line, err)
		}
		for _, key := range []string{"seq", "t", "wd", "mask", "path", "name", "pathname", "dir"} {
			if _, ok := object[key]; !ok {
				ts.Fatalf("%q has no %s", line, key)
			}
		}
	}
}

// sameReport FILE FILE checks that two reports of fsrec info --json differ in
// what a log and its text form differ in, and in nothing else.
func sameReport(ts *testscript.TestScript, _ bool, args []string) {
	var reports [2]map[string]any
	for i := range reports {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[i])), &reports[i]))
		for _, key := range []string{"log", "format_version", "size_bytes", "bytes_per_event"} {
			delete(reports[i], key)
		}
	}
	if !reflect.DeepEqual(reports[0], reports[1]) {
		ts.Fatalf("%v\nis not\n%v", reports[0], reports[1])
	}
}

// steady FILE writes what the latest command printed, but how long it took and on which system.
func steady(ts *testscript.TestScript, _ bool, args []string) {
	text := regexp.MustCompile(`\d+\.\d+s\b`).ReplaceAllString(ts.ReadFile("stdout"), "TIME")
	text = regexp.MustCompile(`\bon [a-z]+:`).ReplaceAllString(text, "on SYSTEM:")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// encode FORM FILE FILE writes a text as programs of Windows do.
func encode(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[1])
	switch args[0] {
	case "crlf":
		text = strings.ReplaceAll(text, "\n", "\r\n")
	case "utf8-mark":
		text = "\ufeff" + text
	case "utf16":
		var wide []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			wide = binary.LittleEndian.AppendUint16(wide, unit)
		}
		text = string(wide)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o600))
}
