package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

// change is a KindChange record of watch 1.
func change(a event.Action, name string) event.Record {
	return event.Record{Kind: event.KindChange, WD: 1, Mask: event.Mask(a), Name: name}
}

var changes = []event.Record{
	change(event.FILE_ACTION_ADDED, "hoo"),
	change(event.FILE_ACTION_MODIFIED, `sub\dir`),
	change(event.FILE_ACTION_RENAMED_OLD_NAME, "grün"),
	change(event.FILE_ACTION_RENAMED_NEW_NAME, "日本"),
	change(event.FILE_ACTION_REMOVED, "\U0001f600 \xed\xa0\xbd \xed\xb8\x80"), // a pair, its high half, its low half
	change(event.FILE_ACTION_MODIFIED, ""),
	change(event.FILE_ACTION_TUNNELLED_ID_COLLISION, strings.Repeat("n", 255)),
	change(0xffffffff, "\x00\ufffd\uffff"),
}

// extended gives each change the fields that only the extended form has.
func extended(records []event.Record) []event.Record {
	out := make([]event.Record, len(records))
	for i, r := range records {
		r.N, r.Cookie, r.M, r.P = int64(i)<<33, uint32(event.FILE_ATTRIBUTE_DIRECTORY), -int64(i), int64(i)+1<<40
		out[i] = r
	}
	return out
}

// forms are the two structures, with the alignment that Windows gives each.
var forms = []struct {
	name      string
	records   []event.Record
	header    int
	alignment int
	decode    func([]event.Record, int32, []byte) ([]event.Record, error)
	encode    func([]byte, []event.Record, int) []byte
}{
	{"FILE_NOTIFY_INFORMATION", changes, 12, 4, AppendChanges, EncodeChanges},
	{"FILE_NOTIFY_EXTENDED_INFORMATION", extended(changes), 84, 8, AppendExtendedChanges, EncodeExtendedChanges},
}

func TestOneChangeTakesTwelveBytesAndItsName(t *testing.T) {
	buf := EncodeChanges(nil, changes[:1], 4)
	want := []byte{0, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 'h', 0, 'o', 0, 'o', 0}
	if !bytes.Equal(buf, want) {
		t.Errorf("% x, want % x", buf, want)
	}
}

func TestFieldsOfTheExtendedForm(t *testing.T) {
	buf := make([]byte, 84, 90)
	for i := range buf {
		buf[i] = byte(i)
	}
	binary.LittleEndian.PutUint32(buf[0:], 0)
	binary.LittleEndian.PutUint32(buf[80:], 4)
	got, err := AppendExtendedChanges(nil, 7, append(buf, 'a', 0, 'b', 0))
	want := []event.Record{{
		Kind: event.KindChange, WD: 7, Mask: 0x07060504, Name: "ab",
		N: 0x3736353433323130, Cookie: 0x3b3a3938, M: 0x4746454443424140, P: 0x4f4e4d4c4b4a4948,
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
}

// TestDirectoriesThatAreReparsePoints: the tag says whether one stands for another place.
func TestDirectoriesThatAreReparsePoints(t *testing.T) {
	const point = event.FILE_ATTRIBUTE_DIRECTORY | event.FILE_ATTRIBUTE_REPARSE_POINT
	for _, c := range []struct {
		attributes event.Attributes
		tag        uint32
		want       event.Flags
	}{
		{point, 0x9000001a, event.FlagDir}, // IO_REPARSE_TAG_CLOUD
		{point, 0x9000f01a, event.FlagDir}, // IO_REPARSE_TAG_CLOUD_F
		{point, 0xa0000003, 0},             // IO_REPARSE_TAG_MOUNT_POINT, also of a junction
		{point, 0xa000000c, 0},             // IO_REPARSE_TAG_SYMLINK
		{point, 0, 0},                      // reserved
		{event.FILE_ATTRIBUTE_DIRECTORY, 0x9000001a, 0},
		{event.FILE_ATTRIBUTE_REPARSE_POINT, 0x9000001a, 0},
	} {
		buf := EncodeExtendedChanges(nil, changes[:1], 8)
		binary.LittleEndian.PutUint32(buf[56:], uint32(c.attributes))
		binary.LittleEndian.PutUint32(buf[60:], c.tag)
		got, err := AppendExtendedChanges(nil, 1, buf)
		if err != nil || got[0].Flags != c.want {
			t.Errorf("%#x, tag %#x: %v, flags %v, want %v", c.attributes, c.tag, err, got[0].Flags, c.want)
		}
		again, err := AppendExtendedChanges(nil, 1, EncodeExtendedChanges(nil, got, 8))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%#x, tag %#x: %v, comes back as %+v", c.attributes, c.tag, err, again)
		}
	}
}

func TestChangesRoundTripAtEveryAlignment(t *testing.T) {
	for _, form := range forms {
		for _, alignment := range []int{2, 4, 8, 16} {
			got, err := form.decode(nil, 1, form.encode(nil, form.records, alignment))
			if err != nil || !reflect.DeepEqual(got, form.records) {
				t.Errorf("%s at %d: %v\n%+v", form.name, alignment, err, got)
			}
		}
	}
}

func TestNamesOfWindowsAreTheSameUnitsAgain(t *testing.T) {
	for unit := range 0x10000 {
		for _, units := range [][]uint16{{uint16(unit)}, {uint16(unit), 0xdc00}, {0xd83d, uint16(unit)}, {uint16(unit), 'x'}} {
			var buf []byte
			for _, u := range units {
				buf = binary.LittleEndian.AppendUint16(buf, u)
			}
			var s strings.Builder
			writeWTF8(&s, buf)
			if back := AppendUTF16(nil, s.String()); !bytes.Equal(back, buf) || s.Len() != wtf8Len(buf) {
				t.Fatalf("%04x is %q and comes back as % x", units, s.String(), back)
			}
		}
	}
}

func TestBytesThatAreNoNameOfWindowsAreReplaced(t *testing.T) {
	for s, want := range map[string]string{
		"\xff":             "\ufffd",
		"a\xed":            "a\ufffd",
		"\xed\xa0":         "\ufffd\ufffd",
		"\xed\xa0x":        "\ufffd\ufffdx",
		"\xed\x9f\xbf":     "\ud7ff",
		"\xc0\x80":         "\ufffd\ufffd",
		"\xf4\x90\x80\x80": "\ufffd\ufffd\ufffd\ufffd",
	} {
		if got := AppendUTF16(nil, s); !bytes.Equal(got, AppendUTF16(nil, want)) {
			t.Errorf("%q is % x, want %q", s, got, want)
		}
	}
}

func TestAnEmptyBufferHoldsNoChanges(t *testing.T) {
	for _, form := range forms {
		if got, err := form.decode(nil, 1, nil); err != nil || got != nil {
			t.Errorf("%s: %v %v", form.name, got, err)
		}
	}
}

func TestChangesAreAppendedToWhatIsThere(t *testing.T) {
	for _, form := range forms {
		got, err := form.decode([]event.Record{{Seq: 7}}, 1, form.encode(nil, form.records[:1], 4))
		if err != nil || len(got) != 2 || got[0].Seq != 7 || got[1] != form.records[0] {
			t.Errorf("%s: %v %+v", form.name, err, got)
		}
	}
}

func TestACutOffBufferGivesTheWholeChangesAndAnError(t *testing.T) {
	for _, form := range forms {
		buf := form.encode(nil, form.records, form.alignment)
		for cut := 1; cut < len(buf); cut++ {
			got, err := form.decode(nil, 1, buf[:cut])
			var damaged *DamagedError
			if !errors.As(err, &damaged) || damaged.Offset+damaged.Have != cut {
				t.Fatalf("%s cut at %d: %v", form.name, cut, err)
			}
			if len(got) == len(form.records) || len(got) > 0 && !reflect.DeepEqual(got, form.records[:len(got)]) {
				t.Fatalf("%s cut at %d gives %+v", form.name, cut, got)
			}
		}
	}
}

func TestDamageIsNamedAfterTheSoundChanges(t *testing.T) {
	for _, form := range forms {
		one := form.encode(nil, form.records[:1], form.alignment)
		sound := form.encode(nil, form.records[:2], form.alignment) // one, some padding, the other
		second := int(binary.LittleEndian.Uint32(sound))
		length := second + form.header - 4
		for _, c := range []struct {
			what    string
			at      int
			value   uint32
			problem string
		}{
			{"a name of half a unit", length, 7, "its name takes 7 bytes, which is not a whole number of UTF-16 units"},
			{"a name beyond the end", length, 16, "its name takes 16 bytes and 14 are left"},
			{"a name of 4 GB", length, 0xfffffffe, "its name takes 4294967294 bytes and 14 are left"},
			{"a next one beyond the end", second, 0x7ffffffe, fmt.Sprintf("the next is said to be 2147483646 bytes on and %d are left", form.header+14)},
			{"a next one at the end", second, uint32(form.header + 14), fmt.Sprintf("the next is said to be %d bytes on and %d are left", form.header+14, form.header+14)},
			{"a next one before it", second, 0xfffffff0, fmt.Sprintf("the next is said to be 4294967280 bytes on and %d are left", form.header+14)},
			{"a next one within the header", second, 2, fmt.Sprintf("the next is said to be 2 bytes on, within this one of %d", form.header+14)},
			{"a next one within the name", second, uint32(form.header + 12), fmt.Sprintf("the next is said to be %d bytes on, within this one of %d", form.header+12, form.header+14)},
			{"a next one at half a unit", second, 5, "the next is said to be 5 bytes on, which is not at a UTF-16 unit"},
		} {
			buf := bytes.Clone(sound)
			binary.LittleEndian.PutUint32(buf[c.at:], c.value)
			got, err := form.decode(nil, 1, buf)
			want := fmt.Sprintf("change at byte %d of %d: %s", second, len(buf), c.problem)
			if err == nil || err.Error() != want || len(got) != 1 || got[0] != form.records[0] {
				t.Errorf("%s, %s: %v, want %s, with %+v", form.name, c.what, err, want, got)
			}
		}
		if got, err := form.decode(nil, 1, append(bytes.Clone(one), make([]byte, 7)...)); err != nil || len(got) != 1 {
			t.Errorf("%s with padding at its end: %v %v", form.name, got, err)
		}
		got, err := form.decode(nil, 1, append(bytes.Clone(one), make([]byte, 8)...))
		want := fmt.Sprintf("change at byte %d of %d: 8 bytes follow the last change", len(one), len(one)+8)
		if err == nil || err.Error() != want || len(got) != 1 {
			t.Errorf("%s with more after its end: %v, want %s, with %v", form.name, err, want, got)
		}
	}
}

func TestOnlyChangesAreEncoded(t *testing.T) {
	mixed := []event.Record{{Kind: event.KindRead}, changes[0], {Kind: event.KindIdle}, changes[1], {Kind: event.KindEnd}}
	if got, want := EncodeChanges(nil, mixed, 4), EncodeChanges(nil, changes[:2], 4); !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestChangesOfOneBufferShareOneText(t *testing.T) {
	for _, form := range forms {
		buf := form.encode(nil, form.records, form.alignment)
		to := make([]event.Record, 0, len(form.records))
		if n := testing.AllocsPerRun(100, func() { to, _ = form.decode(to[:0], 1, buf) }); n != 1 {
			t.Errorf("%s: %v allocations", form.name, n)
		}
	}
}

func fuzzChanges(f *testing.F, form int) {
	decode, encode := forms[form].decode, forms[form].encode
	f.Add([]byte{})
	for _, alignment := range []int{2, 4, 8} {
		f.Add(encode(nil, forms[form].records, alignment))
	}
	f.Add(encode(nil, forms[form].records, 4)[:100])
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Add(make([]byte, 200))
	f.Fuzz(func(t *testing.T, buf []byte) {
		records, err := decode(nil, 1, buf)
		var damaged *DamagedError
		if err != nil && (!errors.As(err, &damaged) || damaged.Offset+damaged.Have != len(buf) || damaged.Problem == "") {
			t.Fatalf("%v of %d bytes", err, len(buf))
		}
		for _, alignment := range []int{2, 4} {
			again, err := decode(nil, 1, encode(nil, records, alignment))
			if err != nil || !reflect.DeepEqual(again, records) {
				t.Fatalf("%v\n%+v\n%+v", err, records, again)
			}
		}
	})
}

func FuzzChanges(f *testing.F) { fuzzChanges(f, 0) }

func FuzzExtendedChanges(f *testing.F) { fuzzChanges(f, 1) }

func BenchmarkChanges(b *testing.B) {
	for _, form := range forms {
		b.Run(form.name, func(b *testing.B) {
			var records []event.Record
			for i := range 500 {
				r := form.records[i%2]
				r.Name = fmt.Sprintf(`directory\file-%d.txt`, i)
				records = append(records, r)
			}
			buf := form.encode(nil, records, form.alignment)
			to, _ := form.decode(nil, 1, buf)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				to, _ = form.decode(to[:0], 1, buf)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(to)), "ns/event")
		})
	}
}
