package live

import (
	"os"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func TestChangesAreToldInOrder(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	s.sync()
	ok(t, write(dir+`\a`), os.Rename(dir+`\a`, dir+`\b`), os.Mkdir(dir+`\d`, 0o755), os.Remove(dir+`\b`))
	told := s.sync()
	expect(t, told, `+a <a >b +d -b`)
	ok(t, write(dir+`\d\f`))
	expect(t, s.sync(), `+d\f`)
}

func TestHeaderSaysWhatIsRead(t *testing.T) {
	dir := tempdir.New(t)
	h := watched(t, dir).Header()
	if h.Platform != event.Windows || h.Backend != "rdcw" || h.Kernel == "" || h.FileSystem == "" || !h.CaseFold || h.ReadBuffer != 64<<10 {
		t.Errorf("%+v", h)
	}
	if len(h.Roots) != 1 || h.Roots[0] != dir {
		t.Errorf("roots %q, want %q", h.Roots, dir)
	}
	t.Logf("%+v", h)
}
