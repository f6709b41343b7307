package store

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// allocations counts those of the whole process while f runs.
func allocations(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// What bbolt allocates for a transaction and what a block takes once is
// allowed for: the bounds are a hundredth of one allocation a record.
func TestRecordsAreWrittenAndReadWithoutAnAllocationEach(t *testing.T) {
	const records = 300_000
	reads := stormReads(records)
	path := filepath.Join(tempdir.New(t), "log.db")
	w, err := Create(path, testHeader(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(reads[0]); err != nil { // makes the buffers
		t.Fatal(err)
	}
	n := allocations(func() {
		for _, r := range reads[1:] {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	})
	if n > records/100 {
		t.Errorf("writing %d records took %d allocations", records, n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var batch []event.Record
	n = allocations(func() {
		for err == nil {
			batch, err = l.Read(context.Background(), batch)
		}
	})
	if !errors.Is(err, io.EOF) || n > records/100 {
		t.Errorf("reading %d records took %d allocations (%v)", records, n, err)
	}
}
