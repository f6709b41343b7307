package store

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fsrec/watcher/event"
)

// A test that needs another process runs the test binary again, with
// childVariable naming one of children.
const childVariable = "FSREC_STORE_TEST_CHILD"

var children = map[string]func(path string) error{
	"endless": childEndless,
	"holder":  childHolder,
	"limited": childLimited,
}

func TestMain(m *testing.M) {
	name, path, ok := strings.Cut(os.Getenv(childVariable), ":")
	if !ok {
		os.Exit(m.Run())
	}
	if err := children[name](path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(t *testing.T, name, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+name+":"+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// numbered is a record that anyone can make again from its number.
func numbered(seq uint64) event.Record {
	r := event.Record{Seq: seq, Time: int64(seq) * 1000, Kind: event.KindEvent, WD: int32(seq % 16), Mask: event.IN_CREATE, Name: "f" + strconv.FormatUint(seq/3, 10)}
	if seq%50 == 1 {
		r = event.Record{Seq: seq, Time: int64(seq) * 1000, Kind: event.KindWatch, WD: int32(seq), Mask: event.IN_ALL_EVENTS, Path: "/root/d" + strconv.FormatUint(seq, 10)}
	}
	return r
}

// numberedFrom gives n of them.
func numberedFrom(seq uint64, n int) []event.Record {
	records := make([]event.Record, n)
	for i := range records {
		records[i] = numbered(seq + uint64(i))
	}
	return records
}

const childFlush = 20 * time.Millisecond

// childEndless writes until it is killed. It prints, after each Write, the number of the last
// record written, the number of the last one committed, and the time.
func childEndless(path string) error {
	w, err := Create(path, testHeader(), Options{FlushInterval: childFlush, BlockRecords: 512})
	if err != nil {
		return err
	}
	for seq := uint64(1); ; {
		n := 1 + int(seq*7919%300)
		if err := w.Write(numberedFrom(seq, n)); err != nil {
			return err
		}
		seq += uint64(n)
		fmt.Println(seq-1, w.Committed(), time.Now().UnixNano())
		time.Sleep(time.Millisecond) //nolint:forbidigo // the pace: about 150,000 records a second
	}
}

// childHolder records until its input ends.
func childHolder(path string) error {
	w, err := Create(path, testHeader(), Options{})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return w.Close()
}

// childLimited writes until the size limit that it sets itself stops it, and
// prints what it was told.
func childLimited(path string) error {
	signal.Ignore(syscall.Signal(25)) // SIGXFSZ
	if err := limitFileSize(300 << 10); err != nil {
		return err
	}
	w, err := Create(path, testHeader(), Options{FlushInterval: childFlush})
	if err != nil {
		return err
	}
	err = fill(w)
	fmt.Printf("%d|%v\n", w.Committed(), err)
	if again := w.Close(); again == nil || again.Error() != err.Error() {
		return fmt.Errorf("Close says %v, Write said %v", again, err)
	}
	return nil
}

// fill writes until there is an error.
func fill(w *Writer) error {
	for seq := uint64(1); seq < 100e6; seq += 1000 {
		records := numberedFrom(seq, 1000)
		for i := range records {
			records[i].N = int64(records[i].Seq * 0x9e3779b97f4a7c15) // so that it does not compress
		}
		if err := w.Write(records); err != nil {
			return err
		}
	}
	return nil
}

// lines reads what a child prints, until it ends.
func lines(r io.Reader) []string {
	var all []string
	for s := bufio.NewScanner(r); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}
