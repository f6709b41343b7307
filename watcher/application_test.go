package watcher

import (
	"fmt"
	"testing"

	"fsrec/watcher/event"
)

func TestTheViewOfApplicationsNamesWhatComesAndGoes(t *testing.T) {
	named := 0
	for bit := event.Mask(1); bit <= event.IN_IGNORED; bit <<= 1 {
		for _, dir := range []event.Mask{0, event.IN_ISDIR} {
			name, ok := ApplicationEvent(&Event{Mask: bit | dir})
			if ok != (name != "") {
				t.Errorf("%s is %q, %t", bit|dir, name, ok)
			}
			if ok {
				named++
			}
		}
	}
	if named != 11 {
		t.Errorf("%d events have a name, want 11", named)
	}
}

// Moves stay moves in the event itself.
func TestTheViewOfApplicationsChangesNoEvent(t *testing.T) {
	ev := Event{Mask: event.IN_MOVED_TO, Cookie: 7, SrcPathname: "/a"}
	before := ev
	if name, _ := ApplicationEvent(&ev); name != "FS_FILE_CREATE" || ev != before {
		t.Errorf("%s, %+v", name, ev)
	}
}

func ExampleApplicationEvent() {
	handler := HandlerFunc(func(ev *Event) error {
		if name, ok := ApplicationEvent(ev); ok {
			fmt.Println(name, ev.Pathname)
		}
		return nil
	})
	for _, ev := range []Event{
		{Mask: event.IN_CREATE | event.IN_ISDIR, Pathname: "/tmp/new"},
		{Mask: event.IN_MODIFY, Pathname: "/tmp/a"},
		{Mask: event.IN_MOVED_FROM, Cookie: 9, Pathname: "/tmp/a"},
		{Mask: event.IN_MOVED_TO, Cookie: 9, Pathname: "/tmp/new/a", SrcPathname: "/tmp/a"},
	} {
		_, _ = handler.HandleEvent(&ev)
	}
	// Output:
	// FS_DIR_CREATE /tmp/new
	// FS_FILE_DELETE /tmp/a
	// FS_FILE_CREATE /tmp/new/a
}
