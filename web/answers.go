package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"firstspike/lab"
)

// Limits of a request.
const (
	mostBody   = 4 << 20          // bytes of a question
	mostDigits = 500              // images at a time
	readTime   = 10 * time.Second // to send a question
	waitTime   = 10 * time.Second // for its turn
	examTime   = time.Minute      // of the doctor, and of a list of mistakes
	packFrom   = 16 << 10         // bytes of an answer that are worth to be compressed
	beatEvery  = 15 * time.Second // a sign of life, to viewers
	pauseEvery = 40 * time.Millisecond
)

// route answers a request, by its path.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
		refuse(w, r, http.StatusBadRequest, "only questions have a body")
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/api/")
	if !ok {
		switch a := s.page[r.URL.Path]; {
		case a == nil:
			nothing(w, r)
		case allowed(w, r, http.MethodGet):
			a.serve(w, r)
		}
		return
	}
	parts := strings.Split(path, "/")
	switch {
	case path == "events":
		if allowed(w, r, http.MethodGet) {
			s.events(w, r)
		}
	case path == "runs":
		if allowed(w, r, http.MethodGet) {
			answer(w, r, list{s.Runs()})
		}
	case path == "sweeps":
		if allowed(w, r, http.MethodGet) {
			answer(w, r, sweepList{s.Sweeps()})
		}
	case parts[0] == "sweeps" && len(parts) <= 3 && parts[len(parts)-1] != "":
		s.ofSweep(w, r, parts[1], strings.Join(parts[2:], ""))
	case parts[0] != "runs" || len(parts) < 2 || len(parts) > 3 || parts[len(parts)-1] == "":
		nothing(w, r)
	default:
		s.ofRun(w, r, parts[1], strings.Join(parts[2:], ""))
	}
}

// ofRun answers what is asked of a run.
func (s *Server) ofRun(w http.ResponseWriter, r *http.Request, id, what string) {
	method := http.MethodGet
	if what == "ask" {
		method = http.MethodPost
	}
	of := map[string]func(http.ResponseWriter, *http.Request, *folder){"": s.about, "digits": s.digits, "mistakes": s.mistakes, "doctor": s.doctor, "ask": s.ask}[what]
	if of == nil {
		nothing(w, r)
		return
	}
	f := s.run(id)
	if f == nil {
		refuse(w, r, http.StatusNotFound, "there is no such run here, or not any more")
		return
	}
	if allowed(w, r, method) {
		of(w, r, f)
	}
}

// about answers with a run and its epochs.
func (s *Server) about(w http.ResponseWriter, r *http.Request, f *folder) {
	run, _ := f.about() // what is wrong is in it
	for _, seen := range s.Runs() {
		if seen.ID == run.ID {
			run.Training = seen.Training
			if run.Error == "" {
				run.Error = seen.Error
			}
		}
	}
	answer(w, r, run)
}

// digits answers with some test images.
func (s *Server) digits(w http.ResponseWriter, r *http.Request, f *folder) {
	number := func(name string, unset, least, most int) (int, bool) {
		text := r.URL.Query().Get(name)
		if text == "" {
			return unset, true
		}
		n, err := strconv.Atoi(text)
		return n, err == nil && n >= least && n <= most
	}
	from, ok1 := number("from", 0, 0, 1<<30)
	n, ok2 := number("n", mostDigits, 1, mostDigits)
	if !ok1 || !ok2 {
		refuse(w, r, http.StatusBadRequest, fmt.Sprintf("from must be a whole number from 0, and n one from 1 to %d", mostDigits))
		return
	}
	s.use(f)
	test, _, _, err := f.images()
	if err != nil {
		fault(w, r, err)
		return
	}
	answer(w, r, some(test, from, n))
}

// mistakes answers with the images that are not decided rightly.
func (s *Server) mistakes(w http.ResponseWriter, r *http.Request, f *folder) {
	s.lengthy(w, r, f, func(ctx context.Context) (any, error) { return f.wrong(ctx, s.workers) })
}

// doctor answers with what is wrong with the network.
func (s *Server) doctor(w http.ResponseWriter, r *http.Request, f *folder) {
	s.lengthy(w, r, f, func(ctx context.Context) (any, error) { return f.examined(ctx, s.workers) })
}

// lengthy answers what takes seconds to find out, one such question at a time.
func (s *Server) lengthy(w http.ResponseWriter, r *http.Request, f *folder, find func(context.Context) (any, error)) {
	http.NewResponseController(w).SetReadDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(r.Context(), examTime)
	defer cancel()
	if !s.long.take(ctx, time.Now().Add(examTime)) {
		busy(w, r)
		return
	}
	defer s.long.give()
	s.use(f)
	found, err := find(ctx)
	switch {
	case ctx.Err() != nil:
		busy(w, r)
	case err != nil:
		fault(w, r, err)
	default:
		answer(w, r, found)
	}
}

// ask answers a question to the network of a run.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, f *folder) {
	if !isJSON(r) {
		refuse(w, r, http.StatusUnsupportedMediaType, "a question is JSON; say Content-Type: application/json")
		return
	}
	until := time.Now().Add(waitTime)
	if !s.reading.take(r.Context(), until) {
		busy(w, r)
		return
	}
	defer s.reading.give()
	body, err := read(w, r)
	if err != nil {
		var large *http.MaxBytesError
		if w.Header().Set("Connection", "close"); errors.As(err, &large) {
			refuse(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("the question has more than %d bytes; send a smaller picture, or fewer lessons", mostBody))
		} else {
			refuse(w, r, http.StatusBadRequest, "the question did not arrive whole")
		}
		return
	}
	if !s.working.take(r.Context(), until) {
		busy(w, r)
		return
	}
	text, err := s.answered(r.Context(), f, body)
	s.working.give()
	if err != nil {
		fault(w, r, err)
		return
	}
	reply(w, r, http.StatusOK, text)
}

// read reads the body of a request.
func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(readTime))
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), mostBody) + bytes.MinRead))
	_, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, mostBody))
	if err == nil {
		control.SetReadDeadline(time.Time{}) // the client may wait
	}
	return b.Bytes(), err
}

// A badQuestion is an error that the question is to blame for.
type badQuestion struct{ error }

// answered answers a question.
func (s *Server) answered(ctx context.Context, f *folder, question []byte) (text []byte, err error) {
	var q lab.Question
	if err := json.Unmarshal(question, &q); err != nil {
		return nil, badQuestion{fmt.Errorf("the question cannot be read: %w", err)}
	}
	if q.File != nil { // its pixels take far more memory than its bytes
		if !s.pictures.take(ctx, time.Now().Add(waitTime)) {
			return nil, errBusy
		}
		defer s.pictures.give()
	}
	s.use(f)
	l, version, err := f.lab()
	if err != nil {
		return nil, err
	}
	sheet := slices.Equal(q.Ask, []string{"sheet"}) && len(q.Settings) == 0 && len(q.Lessons) == 0 && q.File == nil && q.Canvas == nil
	key := fmt.Sprintf("%v %s", q.Untrained, q.Layer)
	if sheet {
		if text = f.sheet(key, version); text != nil {
			f.give(l, version)
			return text, nil
		}
	}
	// A lab whose answer ended in a panic is not given back.
	a, err := l.Answer(q)
	f.give(l, version)
	if err != nil {
		return nil, badQuestion{err}
	}
	if text, err = json.Marshal(a); err == nil && sheet {
		f.keep(key, version, text)
	}
	return text, err
}

// events tells a viewer what happens, as long as it listens.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	s.look() // what is told first is how it is now
	v := s.hub.join(mostViewers)
	if v == nil {
		w.Header().Set("Retry-After", "30")
		refuse(w, r, http.StatusServiceUnavailable, "too many pages watch; close some")
		return
	}
	defer s.hub.leave(v)
	s.enter()
	defer s.leave()
	control.SetReadDeadline(time.Time{})
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return
	}
	send := func(messages ...[]byte) bool {
		control.SetWriteDeadline(time.Now().Add(writeTime))
		for _, m := range messages {
			if _, err := w.Write(m); err != nil {
				return false
			}
		}
		return control.Flush() == nil
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for ok := send([]byte("retry: 2000\n\n")); ok; {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			ok = send([]byte(": \n\n"))
		case <-v.wake:
			if ok = send(s.hub.news(v)...); ok {
				select { // what happens meanwhile goes out together
				case <-r.Context().Done():
				case <-time.After(pauseEvery):
				}
			}
		}
	}
}

// errBusy is what is answered if there was no turn in good time.
var errBusy = errors.New("too much is asked at the same time; ask again in some seconds")

func busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	refuse(w, r, http.StatusServiceUnavailable, errBusy.Error())
}

// fault answers that something is wrong: with the question, or with the run.
func fault(w http.ResponseWriter, r *http.Request, err error) {
	var bad badQuestion
	switch {
	case errors.Is(err, errBusy):
		busy(w, r)
	case errors.As(err, &bad):
		refuse(w, r, http.StatusBadRequest, err.Error())
	case errors.Is(err, errNoNetwork), errors.Is(err, errUntrained):
		refuse(w, r, http.StatusConflict, err.Error())
	default:
		refuse(w, r, http.StatusInternalServerError, err.Error())
	}
}

func nothing(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, http.StatusNotFound, "there is nothing under this address")
}

// allowed reports whether a request has the method, and refuses it if not. GET
// includes HEAD.
func allowed(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method == method || method == http.MethodGet && r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", method)
	refuse(w, r, http.StatusMethodNotAllowed, "this address is for "+method)
	return false
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	data, _ := json.Marshal(struct {
		Error string `json:"error"`
	}{text})
	reply(w, r, status, data)
}

// answer answers with a value.
func answer(w http.ResponseWriter, r *http.Request, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		refuse(w, r, http.StatusInternalServerError, err.Error())
		return
	}
	reply(w, r, http.StatusOK, data)
}

// reply answers with JSON.
func reply(w http.ResponseWriter, r *http.Request, status int, data []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding")
	if len(data) >= packFrom && unpacks(r) {
		h.Set("Content-Encoding", "gzip")
		data = packed(data, gzip.BestSpeed)
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(data)
	}
}

// write answers with the contents of a file.
func write(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method != http.MethodHead {
		w.Write(data)
	}
}
