package live

import (
	"errors"
	"testing"

	"golang.org/x/sys/windows"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// A server refuses more than 64 KiB.
func TestALargeBufferIsAskedForAgainAsASmallOne(t *testing.T) {
	const large = 1 << 20
	forms := calls(true, event.FILE_NOTIFY_CHANGE_FILE_NAME, large)
	for i, c := range forms {
		if want := []int{large, networkBuffer}[i%2]; c.size != want || c.extended && i > 1 || !c.subtree || c.filter == 0 {
			t.Errorf("form %d is %+v", i, c)
		}
	}
	if last := forms[len(forms)-1]; last.extended || last.size != networkBuffer {
		t.Errorf("the last form is %+v", last)
	}
	for _, c := range calls(false, event.FILE_NOTIFY_CHANGE_FILE_NAME, minBuffer) {
		if c.size != minBuffer {
			t.Errorf("%+v, where %d bytes were asked for", c, minBuffer)
		}
	}
}

// The system refuses a filter of 0 with the error of a buffer that is too large.
func TestAFormThatIsRefusedIsFollowedByTheNext(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	s.sync()
	begin := func(next ...call) (*stream, error) {
		handle, err := s.second(s.watches[1])
		ok(t, err)
		st := &stream{n: s.underTest, w: s.watches[1], dir: handle, next: next}
		return st, st.begin()
	}
	refused := call{subtree: true, size: 1 << 20}
	good := call{subtree: true, filter: event.FILE_NOTIFY_CHANGE_FILE_NAME, size: networkBuffer}
	st, err := begin(refused, good)
	if err != nil || st.call != good || len(st.req.buf) != networkBuffer || len(st.next) != 0 {
		t.Errorf("%+v: %v", st.call, err)
	}
	st.shut()
	st, err = begin(refused, refused)
	if !errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		t.Errorf("without a form that is accepted: %v", err)
	}
	st.shut()
}
