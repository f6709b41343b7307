package live

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/windows"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

const fileNames = event.FILE_NOTIFY_CHANGE_FILE_NAME

func TestDirectoryReadsChanges(t *testing.T) {
	dir := tempdir.New(t)
	d, err := OpenDirectory(dir)
	ok(t, err)
	defer d.Close()
	buf := make([]byte, 4096)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.ReadChanges(cancelled, buf, true, fileNames); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"a", "b"} {
		got := make(chan string)
		go func() {
			n, err := d.ReadChanges(context.Background(), buf, true, fileNames)
			if err != nil {
				t.Error(err)
			}
			records, err := decode.AppendChanges(nil, 1, buf[:n])
			if err != nil || len(records) == 0 {
				t.Errorf("%v %v", records, err)
				records = make([]event.Record, 1)
			}
			got <- records[0].Name
		}()
		told := ""
		for told == "" { // the first read may not have begun
			ok(t, write(dir+`\`+name), os.Remove(dir+`\`+name))
			select {
			case told = <-got:
			default:
			}
		}
		if told != "a" && told != name {
			t.Errorf("%s is told, not %s", told, name)
		}
	}
}

func TestDirectoryReadsAreCancelledOneByOne(t *testing.T) {
	d, err := OpenDirectory(tempdir.New(t))
	ok(t, err)
	defer d.Close()
	var all sync.WaitGroup
	contexts := make([]context.CancelFunc, 10)
	for i := range contexts {
		var ctx context.Context
		ctx, contexts[i] = context.WithCancel(context.Background())
		all.Add(1)
		go func() {
			defer all.Done()
			if n, err := d.ReadChanges(ctx, make([]byte, 4096), false, fileNames); !errors.Is(err, context.Canceled) || n != 0 {
				t.Errorf("%d, %v", n, err)
			}
		}()
	}
	for _, cancel := range contexts {
		cancel()
	}
	all.Wait()
}

func TestDirectoryCloseReleasesEveryReader(t *testing.T) {
	for range 20 {
		d, err := OpenDirectory(tempdir.New(t))
		ok(t, err)
		var all sync.WaitGroup
		for range 10 {
			all.Add(1)
			go func() {
				defer all.Done()
				if _, err := d.ReadChanges(context.Background(), make([]byte, 4096), false, fileNames); !errors.Is(err, event.ErrClosed) {
					t.Error(err)
				}
			}()
		}
		ok(t, d.Close(), d.Close())
		all.Wait()
	}
}

func TestDirectoryRefusals(t *testing.T) {
	dir := tempdir.New(t)
	ok(t, write(dir+`\f`))
	if _, err := OpenDirectory(dir + `\none`); !errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		t.Errorf("%v", err)
	}
	d, err := OpenDirectory(dir)
	ok(t, err)
	defer d.Close()
	if _, err := d.ReadChanges(context.Background(), nil, true, fileNames); err == nil {
		t.Error("an empty buffer is taken")
	}
	if _, err := d.ReadChanges(context.Background(), make([]byte, 64), true, 0); !errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		t.Errorf("an empty filter: %v", err)
	}
}
