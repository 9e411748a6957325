package integration

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/rpc"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// A backend that outlives its clients lives in the test's process, and the second
// processes reach it by a socket. What goes over it are the types below: those of
// the packages model and remote with each value in its binary form.

type (
	wireField struct {
		Name        string
		Value, Base []byte
		Stamp       stamp.Stamp
		Touched     bool
	}
	// wireObject is an object or a patch.
	wireObject struct {
		Model        string
		Key          []byte
		Deleted      bool
		Change       model.Change
		Seq          uint64
		Stamp        stamp.Stamp
		Fields, Base []wireField
		Renamed      map[string]string
	}
	wirePage struct {
		Resume  remote.Resume
		Total   int
		Objects []wireObject
		Last    bool
		Cursor  remote.Cursor
		Mark    []byte
	}
	// WireCall has the arguments of any call; it is exported because net/rpc wants that.
	WireCall struct {
		Client  string
		Epoch   uint64
		After   remote.Cursor
		Resume  remote.Resume
		Cut     model.Cut
		Index   int
		Patches []wireObject
	}
	// WireAnswer is what any call is answered with.
	WireAnswer struct {
		Pages  []wirePage // one, of Push and Settle
		Reset  *remote.ClientResetError
		Fenced bool
		Failed string
	}
)

func wireValue(v model.Value) []byte { return model.AppendValue(nil, v) }

func unwireValue(b []byte) model.Value {
	v, err := model.DecodeValue(b)
	if err != nil {
		panic(err)
	}
	return v
}

func wireObjects(objects []remote.Object) (wired []wireObject) {
	for _, o := range objects {
		w := wireObject{Model: o.Model, Key: wireValue(o.Key), Deleted: o.Deleted, Stamp: o.Stamp}
		for _, f := range o.Fields {
			w.Fields = append(w.Fields, wireField{Name: f.Name, Value: wireValue(f.Value), Stamp: f.Stamp})
		}
		wired = append(wired, w)
	}
	return wired
}

func unwireObjects(wired []wireObject) (objects []remote.Object) {
	for _, w := range wired {
		o := remote.Object{Model: w.Model, Key: unwireValue(w.Key), Deleted: w.Deleted, Stamp: w.Stamp}
		for _, f := range w.Fields {
			o.Fields = append(o.Fields, remote.Field{Name: f.Name, Value: unwireValue(f.Value), Stamp: f.Stamp})
		}
		objects = append(objects, o)
	}
	return objects
}

func wirePatches(patches []model.Patch) (wired []wireObject) {
	for _, p := range patches {
		w := wireObject{Model: p.Model, Key: wireValue(p.Key), Change: p.Change, Seq: p.Seq, Stamp: p.Stamp, Renamed: p.Renamed}
		for _, f := range p.Fields {
			w.Fields = append(w.Fields, wireField{f.Name, wireValue(f.Value), wireValue(f.Base), f.Stamp, f.Touched})
		}
		for _, b := range p.Base {
			w.Base = append(w.Base, wireField{Name: b.Name, Value: wireValue(b.Value)})
		}
		wired = append(wired, w)
	}
	return wired
}

func unwirePatches(wired []wireObject) (patches []model.Patch) {
	for _, w := range wired {
		p := model.Patch{Model: w.Model, Key: unwireValue(w.Key), Change: w.Change, Seq: w.Seq, Stamp: w.Stamp, Renamed: w.Renamed}
		for _, f := range w.Fields {
			p.Fields = append(p.Fields, model.PatchField{Name: f.Name, Value: unwireValue(f.Value), Base: unwireValue(f.Base), Stamp: f.Stamp, Touched: f.Touched})
		}
		for _, b := range w.Base {
			p.Base = append(p.Base, model.Named{Name: b.Name, Value: unwireValue(b.Value)})
		}
		patches = append(patches, p)
	}
	return patches
}

func wireMark(m model.Mark) []byte { return model.AppendMark(nil, &m) }

func unwireMark(b []byte) model.Mark {
	m, err := model.DecodeMark(b)
	if err != nil {
		panic(err)
	}
	return m
}

// served is the side of the socket that has the backend.
type served struct{ backend remote.Remote }

func (a *WireAnswer) fail(err error) {
	switch {
	case err == nil:
	case errors.As(err, &a.Reset):
	default:
		a.Fenced, a.Failed = errors.Is(err, remote.ErrFenced), err.Error()
	}
}

// Settle serves remote.Remote's.
func (s *served) Settle(call *WireCall, a *WireAnswer) error {
	mark, err := s.backend.Settle(context.Background(), call.Client, call.Epoch)
	a.Pages = []wirePage{{Mark: wireMark(mark)}}
	a.fail(err)
	return nil
}

// Push serves remote.Remote's.
func (s *served) Push(call *WireCall, a *WireAnswer) error {
	answer, err := s.backend.Push(context.Background(), &model.Chunk{Cut: call.Cut, Index: call.Index, Patches: unwirePatches(call.Patches)})
	if err == nil {
		a.Pages = []wirePage{{Mark: wireMark(answer.Mark), Objects: wireObjects(answer.Current)}}
	}
	a.fail(err)
	return nil
}

// Pull serves remote.Remote's.
func (s *served) Pull(call *WireCall, a *WireAnswer) error {
	for page, err := range s.backend.Pull(context.Background(), call.Client, call.After) {
		if err != nil {
			a.fail(err)
			break
		}
		a.Pages = append(a.Pages, wirePage{Objects: wireObjects(page.Objects), Cursor: page.Cursor, Mark: wireMark(page.Mark)})
	}
	return nil
}

// Snapshot serves remote.Remote's.
func (s *served) Snapshot(call *WireCall, a *WireAnswer) error {
	for page, err := range s.backend.Snapshot(context.Background(), call.Client, call.Resume) {
		if err != nil {
			a.fail(err)
			break
		}
		a.Pages = append(a.Pages, wirePage{
			Resume: page.Resume, Total: page.Total, Objects: wireObjects(page.Objects),
			Last: page.Last, Cursor: page.Cursor, Mark: wireMark(page.Mark),
		})
	}
	return nil
}

// serve has second processes reach a backend at a socket, until the test ends.
func serve(t *testing.T, backend remote.Remote, socket string) {
	t.Helper()
	server := rpc.NewServer()
	if err := server.RegisterName("Backend", &served{backend}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go server.ServeConn(c)
		}
	}()
}

// socketRemote is the side of the socket that has the client.
type socketRemote struct{ c *rpc.Client }

func dial(socket string) (*socketRemote, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return &socketRemote{rpc.NewClient(c)}, nil
}

func (r *socketRemote) call(method string, call *WireCall) (*WireAnswer, error) {
	a := &WireAnswer{}
	if err := r.c.Call("Backend."+method, call, a); err != nil {
		return nil, err
	}
	switch {
	case a.Reset != nil:
		return a, a.Reset
	case a.Fenced:
		return a, fmt.Errorf("%s: %w", a.Failed, remote.ErrFenced)
	case a.Failed != "":
		return a, errors.New(a.Failed)
	}
	return a, nil
}

func (r *socketRemote) Settle(_ context.Context, client string, epoch uint64) (mark model.Mark, err error) {
	a, err := r.call("Settle", &WireCall{Client: client, Epoch: epoch})
	if err != nil {
		return mark, err
	}
	return unwireMark(a.Pages[0].Mark), nil
}

func (r *socketRemote) Push(_ context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	a, err := r.call("Push", &WireCall{Cut: chunk.Cut, Index: chunk.Index, Patches: wirePatches(chunk.Patches)})
	if err != nil {
		return nil, err
	}
	return &remote.Answer{Mark: unwireMark(a.Pages[0].Mark), Current: unwireObjects(a.Pages[0].Objects)}, nil
}

func (r *socketRemote) Pull(_ context.Context, client string, after remote.Cursor) iter.Seq2[*remote.Page, error] {
	return func(yield func(*remote.Page, error) bool) {
		a, err := r.call("Pull", &WireCall{Client: client, After: after})
		if a != nil {
			for _, p := range a.Pages {
				if !yield(&remote.Page{Objects: unwireObjects(p.Objects), Cursor: p.Cursor, Mark: unwireMark(p.Mark)}, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func (r *socketRemote) Snapshot(_ context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	return func(yield func(*remote.SnapshotPage, error) bool) {
		a, err := r.call("Snapshot", &WireCall{Client: client, Resume: resume})
		if a != nil {
			for _, p := range a.Pages {
				page := &remote.SnapshotPage{Resume: p.Resume, Total: p.Total, Objects: unwireObjects(p.Objects), Last: p.Last, Cursor: p.Cursor, Mark: unwireMark(p.Mark)}
				if !yield(page, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}
