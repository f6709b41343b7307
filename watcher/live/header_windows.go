package live

import (
	"fmt"
	"slices"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// newHeader describes a set of watches before anything was asked of it.
func newHeader(start time.Time, opts *Options) event.Header {
	v := windows.RtlGetVersion()
	return event.Header{
		Platform:   event.Windows,
		Backend:    "rdcw",
		Kernel:     fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber),
		Wine:       wineVersion(),
		CaseFold:   true,
		Start:      start,
		ReadBuffer: opts.Buffer,
	}
}

// Header implements event.Backend. Roots, Mask and the flags are what was asked
// for so far, FileSystem is that of the first root.
func (n *ReadDirectoryChanges) Header() event.Header {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.header
	h.Roots = slices.Clone(h.Roots)
	return h
}

func (n *ReadDirectoryChanges) noteRequest(request *event.WatchRequest, path string) {
	system := fileSystem(path)
	n.mu.Lock()
	defer n.mu.Unlock()
	noteRequest(&n.header, request, path, system)
}

// fileSystem names the file system of path, nothing if it cannot be known.
func fileSystem(path string) string {
	from, err := windows.UTF16PtrFromString(systemPath(path))
	if err != nil {
		return ""
	}
	volume := make([]uint16, len(path)+64)
	if windows.GetVolumePathName(from, &volume[0], uint32(len(volume))) != nil {
		return ""
	}
	var name [windows.MAX_PATH + 1]uint16
	if windows.GetVolumeInformation(&volume[0], nil, 0, nil, nil, nil, &name[0], uint32(len(name))) != nil {
		return ""
	}
	return windows.UTF16ToString(name[:])
}

// wineVersion is the version of Wine, empty on Windows.
func wineVersion() string {
	get := ntdll.NewProc("wine_get_version")
	if get.Find() != nil {
		return ""
	}
	text, _, _ := get.Call()
	if text == 0 {
		return ""
	}
	return windows.BytePtrToString(*(**byte)(unsafe.Pointer(&text)))
}

var onWine = sync.OnceValue(func() bool { return wineVersion() != "" })
