package live

import (
	"context"
	"errors"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// Directory is a directory that is open for reading what changes in it: the
// handle that ReadDirectoryChangesW works on. The system's own buffer belongs
// to the handle and begins with the first read, whose size, subtree and
// filter stay; what happens between two reads waits in it for the next one.
//
// All methods may be called at the same time. [ReadDirectoryChanges] is made of
// the same parts; this is for programs that want what the system delivers and nothing else.
type Directory struct {
	path   string
	handle windows.Handle
	port   *port
	lone   bool // the port is of this directory alone

	mu     sync.Mutex
	closed bool
	users  int       // requests that are armed, and calls that use the handle
	unused sync.Cond // users is 0
	once   sync.Once // gives up the handle
}

// OpenDirectory opens a directory for reading its changes. Others may read, write,
// rename and delete it meanwhile. Close gives it up.
func OpenDirectory(path string) (*Directory, error) {
	abs, err := absolute(path)
	if err != nil {
		return nil, err
	}
	p, err := newPort()
	if err != nil {
		return nil, err
	}
	d, err := openDirectory(p, abs, 0)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	d.lone = true
	return d, nil
}

// openDirectory opens a directory on a port, with flags beside those that it needs.
func openDirectory(p *port, path string, flags uint32) (*Directory, error) {
	name, err := windows.UTF16PtrFromString(systemPath(path))
	if err != nil {
		return nil, watchError("watch", path, err)
	}
	handle, err := windows.CreateFile(name, windows.FILE_LIST_DIRECTORY,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OVERLAPPED|flags, 0)
	if err != nil {
		return nil, watchError("watch", path, err)
	}
	d, err := newDirectory(p, path, handle)
	if err != nil {
		return nil, watchError("watch", path, err)
	}
	return d, nil
}

// newDirectory takes over handle.
func newDirectory(p *port, path string, handle windows.Handle) (*Directory, error) {
	if err := p.associate(handle); err != nil {
		return nil, errors.Join(err, windows.CloseHandle(handle))
	}
	d := &Directory{path: path, handle: handle, port: p}
	d.unused.L = &d.mu
	return d, nil
}

// ReadChanges waits for changes and returns how many bytes of buf they fill, in
// the form that decode.AppendChanges reads. The first read of a Directory says how
// much the system keeps between reads (the size of buf), whether for the
// directories below too, and what for.
//
// When more happened than the system kept, the error wraps
// windows.ERROR_NOTIFY_ENUM_DIR, and reading may go on. It is
// event.ErrClosed after Close and ctx's error after ctx is done. Each of several calls at a time
// gets its own changes. Buf begins at a multiple of 4 and is not empty; what
// another call did with it before does not matter.
func (d *Directory) ReadChanges(ctx context.Context, buf []byte, subtree bool, filter event.Filter) (n int, err error) {
	if len(buf) == 0 {
		return 0, watchError("read", d.path, windows.ERROR_INVALID_PARAMETER)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	done := make(chan struct{})
	r := newRequest(d, buf, func(size int, e error) {
		n, err = size, e
		close(done)
	})
	defer r.free()
	if err := d.arm(r, call{subtree: subtree, filter: filter}); err != nil {
		return 0, watchError("read", d.path, err)
	}
	select {
	case <-done:
	case <-ctx.Done():
		_ = d.use(func(h windows.Handle) error { return windows.CancelIoEx(h, &r.overlapped) }) // not found: it is complete
		<-done
	}
	switch {
	case err == nil && n > 0:
		return n, nil
	case err == nil:
		err = windows.ERROR_NOTIFY_ENUM_DIR
	case isAny(err, windows.ERROR_OPERATION_ABORTED) && ctx.Err() != nil:
		return 0, ctx.Err()
	case isAny(err, windows.ERROR_OPERATION_ABORTED) && d.isClosed():
		return 0, event.ErrClosed
	}
	return 0, watchError("read", d.path, err)
}

// Close makes every ReadChanges that waits return and gives up the handle. It may be called again.
func (d *Directory) Close() error {
	var err error
	d.shut(func() {
		if d.lone {
			err = d.port.close()
		}
	})
	return err
}

// shut cancels what is armed, waits until the system has let go of it and closes
// the handle, in this order, then calls after. It must not be called on the port's goroutine.
func (d *Directory) shut(after func()) {
	d.mu.Lock()
	d.closed = true
	if d.users > 0 {
		_ = windows.CancelIoEx(d.handle, nil) // not found: all are complete
	}
	for d.users > 0 {
		d.unused.Wait()
	}
	d.mu.Unlock()
	d.once.Do(func() {
		_ = windows.CloseHandle(d.handle) // only read from
		if after != nil {
			after()
		}
	})
}

func (d *Directory) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// cancel makes what is armed complete.
func (d *Directory) cancel() {
	_ = d.use(func(h windows.Handle) error { return windows.CancelIoEx(h, nil) })
}

// use calls f with the handle, which is not closed meanwhile.
func (d *Directory) use(f func(windows.Handle) error) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return event.ErrClosed
	}
	d.users++
	d.mu.Unlock()
	defer d.release()
	return f(d.handle)
}

// call is how changes are asked for.
type call struct {
	subtree  bool
	extended bool // with ReadDirectoryChangesExW
	filter   event.Filter
	size     int // of the buffer
}

// arm gives a request to the system. It will complete exactly once, unless there is an error.
func (d *Directory) arm(r *request, c call) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return event.ErrClosed
	}
	d.port.expect(r)
	r.overlapped = windows.Overlapped{}
	err := readDirectoryChanges(d.handle, r, c)
	if err != nil && !isAny(err, windows.ERROR_IO_PENDING) { // no system is known to say that of what it has begun
		d.port.forget(r)
		return err
	}
	d.users++
	return nil
}

// release says that a request has completed or a call does without the handle.
func (d *Directory) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users--; d.users == 0 {
		d.unused.Broadcast()
	}
}

// readDirectoryChangesEx is there from Windows 10, version 1709, on.
var readDirectoryChangesEx = kernel32.NewProc("ReadDirectoryChangesExW")

// extendedInformation is ReadDirectoryNotifyExtendedInformation of minwinbase.h.
const extendedInformation = 2

func readDirectoryChanges(handle windows.Handle, r *request, c call) error {
	if !c.extended {
		return windows.ReadDirectoryChanges(handle, &r.buf[0], uint32(len(r.buf)), c.subtree, uint32(c.filter), nil, &r.overlapped, 0)
	}
	var subtree uintptr
	if c.subtree {
		subtree = 1
	}
	ok, _, err := readDirectoryChangesEx.Call(uintptr(handle), uintptr(unsafe.Pointer(&r.buf[0])), uintptr(len(r.buf)), subtree,
		uintptr(c.filter), 0, uintptr(unsafe.Pointer(&r.overlapped)), 0, extendedInformation)
	if ok == 0 {
		return err
	}
	return nil
}
