package event_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

func TestPathsInMessagesReadAsTheyAreWritten(t *testing.T) {
	relative := map[bool]string{true: `"a\b"`, false: `"a\\b"`}[runtime.GOOS == "windows"]
	for path, want := range map[string]string{
		`/srv/in`:                `"/srv/in"`,
		`/srv/in\n`:              map[bool]string{true: `"/srv/in\n"`, false: `"/srv/in\\n"`}[runtime.GOOS == "windows"],
		"/srv/\x1b[1m":           `"/srv/\x1b[1m"`,
		`C:\Users\Zoë\log.db`:    `"C:\Users\Zoë\log.db"`,
		`\\server\share\in`:      `"\\server\share\in"`,
		"C:\\in\\\xed\xa0\x80":   `"C:\\in\\\xed\xa0\x80"`, // a lone surrogate
		"C:\\in\\\u202elog":      `"C:\\in\\\u202elog"`,    // written from right to left
		`a\b`:                    relative,
		`C:`:                     `"C:"`,
		``:                       `""`,
		`C:\a "quotation" in it`: `"C:\\a \"quotation\" in it"`,
	} {
		if got := event.Quote(path); got != want {
			t.Errorf("%q is written %s, want %s", path, got, want)
		}
	}
}

func TestWhatWindowsSaysHasNoFullStopInTheMiddle(t *testing.T) {
	err := &event.WatchError{Op: "watch", Path: `C:\in`, Err: errors.New("Access is denied."), Hint: "ask for it"}
	if want := `cannot watch "C:\in": Access is denied: ask for it`; err.Error() != want {
		t.Errorf("it says %s, want %s", err, want)
	}
}

func TestAWrongFileIsNotQuotedWhole(t *testing.T) {
	_, err := event.NewTextReader(strings.NewReader(strings.Repeat("\x00", 4096)))
	if err == nil || len(err.Error()) > 400 {
		t.Errorf("%d bytes of message: %.80v", len(fmt.Sprint(err)), err)
	}
}

func TestOfManyPathsAMessageNamesTheFirst(t *testing.T) {
	for _, tt := range []struct {
		n    int
		want string
	}{{0, "none"}, {1, `"/0"`}, {5, `"/0", "/1", "/2", "/3", "/4"`}, {6, `"/0", "/1", "/2", "/3", "/4" and 1 more`}, {100_000, `"/0", "/1", "/2", "/3", "/4" and 99995 more`}} {
		var all []string
		for i := range tt.n {
			all = append(all, fmt.Sprintf("/%d", i))
		}
		if got := event.QuoteSome(all); got != tt.want {
			t.Errorf("%d paths: got %s, want %s", tt.n, got, tt.want)
		}
	}
}

func TestAnErrorOfManyRootsIsShort(t *testing.T) {
	var all [2]event.Rooted
	for i := range 10_000 {
		for side := range all {
			all[side].Platform = event.Linux
			all[side].Roots = append(all[side].Roots, fmt.Sprintf("/%d/%d/%d", side, i, i+side*1_000_000))
		}
	}
	if _, err := event.PairRoots(all[0], all[1], event.RootsOptions{}); err == nil || len(err.Error()) > 500 {
		t.Errorf("got an error of %d bytes", len(fmt.Sprint(err)))
	}
}
