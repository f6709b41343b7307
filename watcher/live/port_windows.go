package live

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")
	ntdll    = windows.NewLazySystemDLL("ntdll.dll")

	getQueuedCompletionStatusEx = kernel32.NewProc("GetQueuedCompletionStatusEx")
)

// port is an I/O completion port and the goroutine that takes completions off it.
type port struct {
	handle windows.Handle
	over   chan struct{} // closed when the goroutine has ended

	mu    sync.Mutex
	armed map[uintptr]*request // that the system works on, by the address of their OVERLAPPED
}

// request is one read of changes that the system works on. It writes to the
// OVERLAPPED and to the buffer at any time until the completion has been taken
// off the port. Both are memory of the Go heap, which may be
// written from outside as long as it is neither freed nor moved: they are pinned from
// newRequest to free, and the port refers to them until the completion came.
// They hold no Go pointers that the system would see.
type request struct {
	overlapped windows.Overlapped
	dir        *Directory
	buf        []byte
	pins       runtime.Pinner
	completed  func(size int, err error) // called on the port's goroutine; err is a windows.Errno
}

func newRequest(dir *Directory, buf []byte, completed func(size int, err error)) *request {
	r := &request{dir: dir, buf: buf, completed: completed}
	r.pins.Pin(r)
	r.pins.Pin(&buf[0])
	return r
}

// free lets go of a request that is not armed.
func (r *request) free() { r.pins.Unpin() }

// overlappedEntry is OVERLAPPED_ENTRY of minwinbase.h.
type overlappedEntry struct {
	_          uintptr // lpCompletionKey
	overlapped uintptr // 0 in what close posts
	_          uintptr // Internal
	size       uint32
}

func newPort() (*port, error) {
	handle, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 1)
	if err != nil {
		return nil, fmt.Errorf("cannot make a completion port: %w", err)
	}
	p := &port{handle: handle, over: make(chan struct{}), armed: make(map[uintptr]*request)}
	go p.run()
	return p, nil
}

// run hands every completion to its request until close.
func (p *port) run() {
	defer close(p.over)
	entries := new([64]overlappedEntry)
	for {
		var n uint32
		ok, _, _ := getQueuedCompletionStatusEx.Call(uintptr(p.handle), uintptr(unsafe.Pointer(entries)), uintptr(len(entries)),
			uintptr(unsafe.Pointer(&n)), windows.INFINITE, 0)
		if ok == 0 {
			return // the port itself is not usable any more
		}
		for _, e := range entries[:n] {
			if e.overlapped == 0 {
				return
			}
			p.complete(e)
		}
	}
}

func (p *port) complete(e overlappedEntry) {
	p.mu.Lock()
	r := p.armed[e.overlapped]
	delete(p.armed, e.overlapped)
	p.mu.Unlock()
	if r == nil {
		return
	}
	var err error
	if status := windows.NTStatus(r.overlapped.Internal); status != 0 {
		err = errnoOf(status)
	}
	r.completed(int(e.size), err)
	r.dir.release()
}

// expect notes that r is about to be given to the system.
func (p *port) expect(r *request) {
	p.mu.Lock()
	p.armed[uintptr(unsafe.Pointer(&r.overlapped))] = r
	p.mu.Unlock()
}

// forget takes back expect, for a request that the system refused.
func (p *port) forget(r *request) {
	p.mu.Lock()
	delete(p.armed, uintptr(unsafe.Pointer(&r.overlapped)))
	p.mu.Unlock()
}

// close ends the goroutine and gives up the port, on which no request may be armed.
func (p *port) close() error {
	if err := windows.PostQueuedCompletionStatus(p.handle, 0, 0, nil); err != nil {
		return fmt.Errorf("cannot stop a completion port: %w", err)
	}
	<-p.over
	return windows.CloseHandle(p.handle)
}

// associate makes completions of dir come to the port.
func (p *port) associate(handle windows.Handle) error {
	_, err := windows.CreateIoCompletionPort(handle, p.handle, 0, 0)
	return err
}
