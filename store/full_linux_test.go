package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fsrec/fixtures/tempdir"
)

// wantReadable opens a log whose disk failed and holds it to what the writer said is safe.
func wantReadable(t *testing.T, path string, safe uint64) {
	t.Helper()
	l := openLog(t, path)
	info := l.Info()
	if info.Complete || info.LastSeq != safe || safe == 0 {
		t.Errorf("complete %v, last record %d, want %d", info.Complete, info.LastSeq, safe)
	}
	if got := len(readAll(t, l)); uint64(got) != safe {
		t.Errorf("%d records can be read, want %d", got, safe)
	}
	if err := l.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestFullDiskSaysWhatIsSafe(t *testing.T) {
	dir := tempdir.New(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=400k"); err != nil {
		t.Skipf("mounting a small tmpfs: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	path := filepath.Join(dir, "log.db")
	w, err := Create(path, testHeader(), Options{FlushInterval: childFlush})
	if err != nil {
		t.Fatal(err)
	}
	err = fill(w)
	var full *WriteError
	if !errors.As(err, &full) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("writing to a full disk: %v", err)
	}
	if full.Last != w.Committed() || full.Safe != w.Committed() || full.Path != path || strings.Contains(err.Error(), "\n") {
		t.Errorf("%+v with %d committed", full, w.Committed())
	}
	calls := []func() error{func() error { return w.Write(numberedFrom(1, 1)) }, w.Flush, w.Close, w.Close, w.Abort}
	for i, call := range calls {
		if again := call(); again != err {
			t.Errorf("call %d afterwards: %v, want %v", i, again, err)
		}
	}
	wantReadable(t, path, full.Last)
}

func TestCreateOnAFullDiskLeavesNothing(t *testing.T) {
	dir := tempdir.New(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8k"); err != nil {
		t.Skipf("mounting a small tmpfs: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	_, err := Create(filepath.Join(dir, "log.db"), testHeader(), Options{})
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Create: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func TestFileSizeLimitSaysWhatIsSafe(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	out, err := child(t, "limited", path).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var safe uint64
	var said string
	number, said, _ := strings.Cut(strings.TrimSpace(string(out)), "|")
	fmt.Sscan(number, &safe)
	if !strings.Contains(said, syscall.EFBIG.Error()) || !strings.Contains(said, fmt.Sprintf("the first %d records are safe", safe)) {
		t.Errorf("the writer said %q", said)
	}
	wantReadable(t, path, safe)
}
