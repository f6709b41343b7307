package event

import (
	"context"
	"errors"
	"io"
	"testing"
)

func TestMemoryLogIsReadFromAnyPlace(t *testing.T) {
	log := NewMemoryLog(Header{Platform: Linux}, everyKind())
	if err := log.Seek(5); err != nil {
		t.Fatal(err)
	}
	records, err := log.Read(context.Background(), nil)
	if err != nil || records[0].Seq != 5 {
		t.Fatalf("%v, %v", records, err)
	}
	if _, err := log.Read(context.Background(), records); !errors.Is(err, io.EOF) {
		t.Errorf("after the last record: %v", err)
	}
	if err := log.Seek(1); err != nil {
		t.Fatal(err)
	}
	n := 0
	for batch, err := range Batches(context.Background(), log) {
		if err != nil {
			t.Fatal(err)
		}
		n += len(batch)
	}
	if n != len(everyKind()) {
		t.Errorf("%d records in all batches, want %d", n, len(everyKind()))
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for batch, err := range Batches(canceled, NewMemoryLog(Header{}, everyKind())) {
		if batch != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("batch %v, %v of a cancelled context", batch, err)
		}
	}
	for at, want := range map[int64]uint64{-1: 1, 0: 1, 1: 2, 1_000_000_007: 2, 1 << 60: 25} {
		if seq, err := log.SeqAt(at); err != nil || seq != want {
			t.Errorf("SeqAt(%d) = %d, %v; want %d", at, seq, err, want)
		}
	}
	for seq, want := range map[uint64]string{1: "", 2: "1=/tmp/a b", 9: "1=/tmp/c", 10: "1=/tmp/c(lost)", 11: ""} {
		table, err := log.TableAt(seq)
		if err != nil || describe(table) != want {
			t.Errorf("table before %d is %q, %v; want %q", seq, describe(table), err, want)
		}
	}
	if changes, err := log.TableChanges(nil); err != nil || len(changes) != 7 {
		t.Errorf("%d table changes, %v; want 7", len(changes), err)
	}
}
