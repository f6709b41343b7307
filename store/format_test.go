package store

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

var update = flag.Bool("update", false, "write the latest testdata/format/v*, before its version is released")

func TestFormatDocumentNamesEveryCode(t *testing.T) {
	content, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	want := func(what, line string) {
		if !strings.Contains(text, line) {
			t.Errorf("FORMAT.md does not have %s as %q", what, line)
		}
	}
	want("the format version", fmt.Sprintf("| format version | %d |", FormatVersion))
	want("the minimum reader", fmt.Sprintf("| minimum reader | %d |", MinReader))
	want("the page size", fmt.Sprintf("pages of %d bytes", pageSize))
	want("the magic", strings.Trim(fmt.Sprintf("%q", magic), `"`))
	for _, name := range []string{bucketMeta, bucketState, bucketBlocks, bucketChanges, bucketCheckpoints} {
		want("bucket "+name, "\n| `"+name+"` | ")
	}
	for _, key := range []string{keyMagic, keyHeader, keyTotals} {
		want("key "+key, "| `"+key+"` |")
	}
	for id := columnKind; id < columnEnd; id++ {
		want("column "+columnNames[id], fmt.Sprintf("\n| %d | `%s` | ", id, columnNames[id]))
	}
	want("the columns that may be skipped", fmt.Sprintf("a column of id %d or more", columnSkippable))
	for _, c := range []codec{codecNone, codecZstd} {
		want("codec "+c.String(), fmt.Sprintf("%d `%s`", c, c))
	}
	for _, k := range event.Kinds() {
		want("kind "+k.String(), fmt.Sprintf("%d `%s`", k, k))
	}
	for bit := range 8 {
		flags := event.Flags(1) << bit
		line := string(event.AppendText(nil, &event.Record{Kind: event.KindMark, Flags: flags}))
		if words := strings.Fields(line); len(words) > 3 {
			want("flag "+words[3], fmt.Sprintf("%d `%s`", flags, words[3]))
		}
	}
	want("the flag of a checkpoint", fmt.Sprintf("%d `more`", flagMore))
	offsets := []int{headCodec, headFlags, headFlags + 1, headCount, headFirst, headFirstTime, headLastTime, headOrdinal, headRaw, headCRC, headSize}
	_, drawn, _ := strings.Cut(text, "    offset")
	drawn, _, _ = strings.Cut(drawn, "\n")
	if got := strings.Join(strings.Fields(drawn), " "); got != strings.Trim(fmt.Sprint(offsets), "[]") {
		t.Errorf("the head is drawn with the offsets %s, want %v", got, offsets)
	}
	want("the bound of a block's records", fmt.Sprintf("1 to %d", MaxBlockRecords))
	want("the bound of the columns", fmt.Sprintf("at most %d MiB", maxRaw>>20))
}

// newest is what the log of the latest version holds, for ever once it is released.
func newest() []event.Record {
	records := everyKind()
	for i := range 600 {
		r := numbered(uint64(i + 1))
		records = append(records, r)
	}
	return number(records)
}

// The logs of every released version stay readable. Run with -update while the latest version is not released.
func TestEveryVersionStaysReadable(t *testing.T) {
	dir := filepath.Join("..", "testdata", "format")
	if *update {
		name := filepath.Join(dir, fmt.Sprintf("v%d", FormatVersion))
		w := create(t, name+".db", Options{BlockRecords: 128, FlushInterval: -1, Force: true})
		write(t, w, newest())
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name+".txt", asText(t, testHeader(), newest()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for version := 1; version <= FormatVersion; version++ {
		name := filepath.Join(dir, fmt.Sprintf("v%d", version))
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, err := os.ReadFile(name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			l := openLog(t, name+".db")
			if got := asText(t, l.Header(), readAll(t, l)); !bytes.Equal(got, want) {
				t.Errorf("its text is %d bytes, want %d; the first difference is at %q", len(got), len(want), difference(got, want))
			}
			if info := l.Info(); info.FormatVersion != version {
				t.Errorf("it says that it has version %d", info.FormatVersion)
			}
			if err := l.Verify(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func asText(t *testing.T, h event.Header, records []event.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := event.NewTextWriter(&out, &h)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(records); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func difference(a, b []byte) []byte {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i:min(len(a), i+80)]
		}
	}
	return nil
}
