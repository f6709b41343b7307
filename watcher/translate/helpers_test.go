package translate

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"fsrec/watcher/event"
)

var actions = map[byte]event.Action{
	'+': event.FILE_ACTION_ADDED,
	'-': event.FILE_ACTION_REMOVED,
	'*': event.FILE_ACTION_MODIFIED,
	'<': event.FILE_ACTION_RENAMED_OLD_NAME,
	'>': event.FILE_ACTION_RENAMED_NEW_NAME,
}

// root is the watch that every story of records is about.
var root = event.Record{
	Kind: event.KindWatch, Seq: 1, WD: 1, Mask: event.IN_ALL_EVENTS, P: int64(event.DefaultFilter),
	Flags: event.FlagDir | event.FlagRecursive | event.FlagAutoAdd, Path: `C:\t`,
}

// records reads a story, one record a word, a millisecond apart:
//
//	+f -f *f <f >f  a change; names that end with / are those of directories
//	@7              after a name: its file id
//	!               after a name: attributes were looked up, ? there are none
//	2:+f            a change of watch 2
//	own+f 9f        our own change, a change of action 9
//	listed          the names of all directories follow, entry:d/ such a name
//	read idle loss mark barrier end
//	wait:1s         nothing, that long
func records(t testing.TB, story string) []event.Record {
	all := []event.Record{root}
	now := int64(0)
	for word := range strings.FieldsSeq(story) {
		now += int64(time.Millisecond)
		r := event.Record{WD: 1, Seq: uint64(len(all)) + 1, Time: now}
		key, value, _ := strings.Cut(word, ":")
		switch key {
		case "wait":
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			now += int64(d)
			continue
		case "listed":
			r.Kind = event.KindEntry
		case "entry":
			r.Kind, r.Cookie = event.KindEntry, 0o100644
			if name, ok := strings.CutSuffix(value, "/"); ok {
				value, r.Cookie = name, 0o40755
			}
			r.Name = value
		case "read":
			r.Kind = event.KindRead
		case "idle":
			r.Kind, r.WD = event.KindIdle, 0
		case "loss":
			r.Kind, r.Name, r.N = event.KindLoss, "buffer", -1
		case "mark", "barrier", "end":
			r.Kind, r.WD = map[string]event.Kind{"mark": event.KindMark, "barrier": event.KindBarrier, "end": event.KindEnd}[key], 0
		case "unwatch":
			r.Kind, r.Name = event.KindUnwatch, value
		default:
			change(t, &r, word)
		}
		all = append(all, r)
	}
	return all
}

func change(t testing.TB, r *event.Record, word string) {
	rest := word
	if wd, after, ok := strings.Cut(rest, ":"); ok {
		n, err := strconv.Atoi(wd)
		if err != nil {
			t.Fatalf("%q: %v", word, err)
		}
		r.WD, rest = int32(n), after
	}
	r.Kind = event.KindChange
	if after, ok := strings.CutPrefix(rest, "own"); ok {
		r.Flags, rest = event.FlagOwn, after
	}
	if a, ok := actions[rest[0]]; ok {
		r.Mask = event.Mask(a)
	} else if n, err := strconv.Atoi(rest[:1]); err == nil {
		r.Mask = event.Mask(n)
	} else {
		t.Fatalf("%q is no change", word)
	}
	rest, unknown := strings.CutSuffix(rest[1:], "?")
	rest, looked := strings.CutSuffix(rest, "!")
	if name, id, ok := strings.Cut(rest, "@"); ok {
		n, err := strconv.Atoi(id)
		if err != nil {
			t.Fatalf("%q: %v", word, err)
		}
		r.M, rest = int64(n), name
	}
	attributes := event.FILE_ATTRIBUTE_NORMAL
	r.Name = rest
	if dir, ok := strings.CutSuffix(rest, "/"); ok {
		r.Name, attributes = dir, event.FILE_ATTRIBUTE_DIRECTORY
	}
	if looked {
		r.Flags |= event.FlagInferred
	}
	if !unknown {
		r.Cookie = uint32(attributes)
	}
}

// plain takes away what only ReadDirectoryChangesExW delivers.
func plain(records []event.Record) []event.Record {
	out := make([]event.Record, len(records))
	for i, r := range records {
		if r.Kind == event.KindChange && r.Flags&event.FlagInferred == 0 {
			r.Cookie, r.N, r.M, r.P = 0, 0, 0, 0
		}
		out[i] = r
	}
	return out
}

// translated gives all that comes of records.
func translated(records []event.Record) []event.Record {
	tr := New()
	return tr.Flush(tr.Append(nil, records))
}

// told prints the events among records: "CREATE d/" for a directory, with ~ where that, or a
// pair, is inferred, ? where it is not known, and #cookie.
func told(records []event.Record) string {
	var words []string
	for _, r := range records {
		if r.Kind != event.KindEvent {
			continue
		}
		s := strings.TrimPrefix((r.Mask&^event.IN_ISDIR).String(), "IN_") + " " + r.Name
		for _, mark := range []struct {
			on   bool
			text string
		}{
			{r.Mask&event.IN_ISDIR != 0, "/"},
			{r.Flags&event.FlagInferred != 0, "~"},
			{r.Flags&event.FlagDirUnknown != 0, "?"},
			{r.Cookie != 0, fmt.Sprintf("#%d", r.Cookie)},
			{r.WD != 1, fmt.Sprintf(" of %d", r.WD)},
		} {
			if mark.on {
				s += mark.text
			}
		}
		words = append(words, strings.TrimSuffix(s, " "))
	}
	return strings.Join(words, ", ")
}

func expect(t *testing.T, story, want string) {
	t.Helper()
	if got := told(translated(records(t, story))); got != want {
		t.Errorf("%s\n gives %s\n want  %s", story, got, want)
	}
}
