package replayer_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"fsrec/replayer"
	"fsrec/watcher/event"
)

func TestAMaskIsRefusedAsALiveBackendDoes(t *testing.T) {
	asked := func(r *replayer.Replayer, path string, mask event.Mask) error {
		results, err := r.Add(event.WatchRequest{Path: path, Mask: mask})
		if err != nil {
			t.Fatal(err)
		}
		return results[0].Err
	}
	for _, tt := range []struct {
		path  string
		first event.Mask // of a request before
		mask  event.Mask
		want  error
	}{
		{"/t", 0, event.IN_CREATE | event.IN_MASK_ADD, nil},
		{"/t", 0, event.IN_CREATE | event.IN_MASK_CREATE, nil},
		{"/t", event.IN_CREATE, event.IN_CREATE | event.IN_MASK_ADD, nil},
		{"/t", event.IN_CREATE, event.IN_CREATE | event.IN_MASK_CREATE, syscall.EEXIST},
		{"/t", 0, event.IN_CREATE | event.IN_ONLYDIR, nil},
		{"/u/log.txt", 0, event.IN_MODIFY | event.IN_ONLYDIR, syscall.ENOTDIR},
		{"/t", 0, 0, syscall.EINVAL},
		{"/t", 0, event.IN_ONLYDIR, syscall.EINVAL},
		{"/t", 0, event.IN_CREATE | 0x1000, syscall.EINVAL},
		{"/t", 0, event.IN_CREATE | event.IN_MASK_ADD | event.IN_MASK_CREATE, syscall.EINVAL},
		{"/nothing", 0, event.IN_CREATE | event.IN_MASK_ADD | event.IN_MASK_CREATE, syscall.EINVAL},
	} {
		r := replay(t, parse(t, narrow))
		if tt.first != 0 {
			if err := asked(r, tt.path, tt.first); err != nil {
				t.Fatal(err)
			}
		}
		err := asked(r, tt.path, tt.mask)
		var we *event.WatchError
		if !errors.Is(err, tt.want) || err != nil && (!errors.As(err, &we) || we.Path != tt.path) {
			t.Errorf("%s, %s after %s: %v, want %v", tt.path, tt.mask, tt.first, err, tt.want)
		}
	}
}

func TestAMaskOfAnUpdateIsRefusedAsALiveBackendDoes(t *testing.T) {
	r := replay(t, parse(t, narrow))
	add(t, r, event.WatchRequest{Path: "/t"})
	add(t, r, event.WatchRequest{Path: "/u/log.txt", Mask: event.IN_MODIFY})
	for _, tt := range []struct {
		wd   int32
		mask event.Mask
		want error
	}{
		{1, event.IN_DELETE | event.IN_MASK_ADD, nil},
		{1, event.IN_DELETE | event.IN_ONLYDIR, nil},
		{5, event.IN_MODIFY | event.IN_ONLYDIR, syscall.ENOTDIR},
		{1, event.IN_DELETE | event.IN_MASK_CREATE, syscall.EEXIST},
		{1, event.IN_ISDIR, syscall.EINVAL},
		{1, event.IN_DELETE | event.IN_MASK_ADD | event.IN_MASK_CREATE, syscall.EINVAL},
		{7, event.IN_DELETE, event.ErrUnknownWatch},
	} {
		if err := r.Update(tt.wd, tt.mask); !errors.Is(err, tt.want) {
			t.Errorf("%d, %s: %v, want %v", tt.wd, tt.mask, err, tt.want)
		}
	}
}

func TestAPatternTellsWhatIsRefused(t *testing.T) {
	got := add(t, replay(t, parse(t, narrow)), event.WatchRequest{Path: "/u/l*", Mask: event.IN_MODIFY | event.IN_ONLYDIR, Glob: true})
	if len(got) != 1 || !strings.HasPrefix(got[0], `cannot watch "/u/log.txt": `) || !strings.HasSuffix(got[0], ": it is not a directory, and IN_ONLYDIR was asked for") {
		t.Errorf("%q", got)
	}
}
