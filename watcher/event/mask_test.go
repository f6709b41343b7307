package event

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestMaskPrintsItsNamesInTheOrderOfTheBits(t *testing.T) {
	for _, c := range []struct {
		mask Mask
		want string
	}{
		{0, "0"},
		{IN_CREATE, "IN_CREATE"},
		{IN_CREATE | IN_ISDIR, "IN_CREATE|IN_ISDIR"},
		{IN_ISDIR, "IN_ISDIR"},
		{IN_DELETE | IN_ACCESS, "IN_ACCESS|IN_DELETE"},
		{IN_ALL_EVENTS, "IN_ALL_EVENTS"},
		{IN_ALL_EVENTS | IN_ONLYDIR | IN_ONESHOT, "IN_ALL_EVENTS|IN_ONLYDIR|IN_ONESHOT"},
		{0x1000, "0x1000"},
		{IN_Q_OVERFLOW | 0x80000, "IN_Q_OVERFLOW|0x80000"},
	} {
		if got := c.mask.String(); got != c.want {
			t.Errorf("Mask(%#x) prints %s, want %s", uint32(c.mask), got, c.want)
		}
		if c.mask == 0 {
			continue
		}
		if back, err := ParseMask(c.want); err != nil || back != c.mask {
			t.Errorf("ParseMask(%s) = %v, %v", c.want, back, err)
		}
	}
}

func TestEveryMaskRoundTrips(t *testing.T) {
	for bit := range 32 {
		for other := range 32 {
			m := Mask(1<<bit | 1<<other)
			if back, err := ParseMask(m.String()); err != nil || back != m {
				t.Fatalf("%s comes back as %s, %v", m, back, err)
			}
		}
	}
}

func TestParseMaskAcceptsWhatPeopleWrite(t *testing.T) {
	for word, want := range map[string]Mask{
		"create":             IN_CREATE,
		"IN_CREATE":          IN_CREATE,
		"create,delete":      IN_CREATE | IN_DELETE,
		"close":              IN_CLOSE,
		"moved_to|In_Move":   IN_MOVE,
		"ALL_EVENTS":         IN_ALL_EVENTS,
		"all_events,onlydir": IN_ALL_EVENTS | IN_ONLYDIR,
		"0x100":              IN_CREATE,
	} {
		if got, err := ParseMask(word); err != nil || got != want {
			t.Errorf("ParseMask(%q) = %s, %v; want %s", word, got, err, want)
		}
	}
}

func TestParseMaskNamesTheUnknownWordAndTheValidOnes(t *testing.T) {
	for _, s := range []string{"create,creat", "creat", "", ",", "0x1ffffffff", "-1"} {
		_, err := ParseMask(s)
		var unknown *UnknownNameError
		if !errors.As(err, &unknown) {
			t.Errorf("ParseMask(%q): %v, want an UnknownNameError", s, err)
			continue
		}
		if s == "create,creat" && unknown.Name != "creat" {
			t.Errorf("names %q, want creat", unknown.Name)
		}
		for _, name := range MaskNames() {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not list %s", err, name)
			}
		}
	}
}

func TestMaskIsReadableInJSON(t *testing.T) {
	b, err := json.Marshal(IN_CREATE | IN_DELETE)
	if err != nil || string(b) != `"IN_CREATE|IN_DELETE"` {
		t.Fatalf("%s, %v", b, err)
	}
	var m Mask
	if err := json.Unmarshal(b, &m); err != nil || m != IN_CREATE|IN_DELETE {
		t.Fatalf("%s, %v", m, err)
	}
	if err := json.Unmarshal([]byte(`"IN_NONSENSE"`), &m); err == nil {
		t.Fatal("nonsense was accepted")
	}
}

func TestCommonMaskNamesDoNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		_ = IN_CREATE.String()
		_ = (IN_CREATE | IN_ISDIR).String()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAMaskThatNoWatchCanHave(t *testing.T) {
	for mask, want := range map[Mask]string{
		IN_CREATE:                                "",
		IN_ALL_EVENTS | IN_ISDIR:                 "",
		IN_ATTRIB | IN_ONESHOT | IN_IGNORED:      "",
		IN_CREATE | IN_MASK_ADD:                  "",
		IN_CREATE | IN_MASK_CREATE:               "",
		0:                                        "names no event",
		IN_ISDIR | IN_UNMOUNT:                    "names no event",
		IN_CREATE | 0x1000 | 0x08000000:          "0x8001000",
		IN_CREATE | IN_MASK_ADD | IN_MASK_CREATE: "IN_MASK_ADD",
	} {
		if got := mask.Fault(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", mask, got, want)
		}
	}
}
