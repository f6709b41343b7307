package event

import "testing"

func TestMasksAskWindowsForWhatTheyCanBeConcludedFrom(t *testing.T) {
	for _, c := range []struct {
		mask  Mask
		want  string
		never Mask
	}{
		{IN_CREATE, "FILE_NAME|DIR_NAME", 0},
		{IN_MOVE | IN_DELETE, "FILE_NAME|DIR_NAME", 0},
		{IN_MODIFY, "SIZE|LAST_WRITE", 0},
		{IN_ATTRIB, "ATTRIBUTES|LAST_WRITE|CREATION|SECURITY", 0},
		{IN_DELETE_SELF, "DIR_NAME", 0},
		{IN_OPEN | IN_CLOSE | IN_ACCESS | IN_MOVE_SELF, "0", IN_OPEN | IN_CLOSE | IN_ACCESS | IN_MOVE_SELF},
		{IN_ALL_EVENTS | IN_ONLYDIR, DefaultFilter.String(), IN_OPEN | IN_CLOSE | IN_ACCESS | IN_MOVE_SELF},
	} {
		if got, never := c.mask.Filter(), c.mask.Untold(true); got.String() != c.want || never != c.never {
			t.Errorf("%v asks for %v, never %v, want %v, %v", c.mask, got, never, c.want, c.never)
		}
		if of := c.mask.Untold(false); of != c.never&^IN_MOVE_SELF {
			t.Errorf("%v of a file: never %v", c.mask, of)
		}
	}
}

func TestWordsOfWindowsRoundTrip(t *testing.T) {
	for a := range Action(14) {
		if back, err := ParseAction(a.String()); err != nil || back != a {
			t.Errorf("action %d prints as %v and comes back as %d, %v", a, a, back, err)
		}
	}
	for bit := range 32 {
		f := Filter(1)<<bit | FILE_NOTIFY_CHANGE_SIZE
		if back, err := ParseFilter(f.String()); err != nil || back != f {
			t.Errorf("filter %#x prints as %v and comes back as %#x, %v", uint32(f), f, uint32(back), err)
		}
	}
	for _, bad := range []string{"", "ADDED|REMOVED", "FILE_ACTION_ADDED", "-1", "4294967296"} {
		if a, err := ParseAction(bad); err == nil {
			t.Errorf("action %q is read as %v", bad, a)
		}
		if f, err := ParseFilter(bad); err == nil {
			t.Errorf("filter %q is read as %v", bad, f)
		}
	}
}
