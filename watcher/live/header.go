package live

import (
	"slices"

	"fsrec/watcher/event"
)

// noteRequest keeps in a header that path was asked for, which is on a file system
// of that name.
func noteRequest(h *event.Header, request *event.WatchRequest, path, system string) {
	if !slices.Contains(h.Roots, path) {
		h.Roots = append(h.Roots, path)
	}
	h.Mask |= request.Mask
	h.Recursive = h.Recursive || request.Recursive
	h.AutoAdd = h.AutoAdd || request.AutoAdd
	h.Snapshot = h.Snapshot || request.Snapshot
	if h.FileSystem == "" {
		h.FileSystem = system
	}
}
