package web_test

import (
	"context"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
	"firstspike/web"
)

// How much five viewers slow a training down, which takes some minutes. Epochs of
// one training have viewers and have none in turns, so that whatever else the
// machine does falls on both. It asserts no times:
//
//	go test ./web -run TestSlowdown -v -slowdown
func TestSlowdown(t *testing.T) {
	if !*slowdown {
		t.Skip("for measuring: go test ./web -run TestSlowdown -v -slowdown")
	}
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment.Clone()
	e.Layers[2].Learn.Epochs = 44
	var o train.Options
	var err error
	if o.Train, o.Test, err = dataset.Open(e.Data.Source); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(t.TempDir(), "run")
	trainer, err := train.Create(run, e, o)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	s := web.New(nil, web.Options{})
	address := serve(t, s)
	page := s.Watch(run, trainer.Model)

	var viewers sync.WaitGroup
	leave := func() {}
	come := func() {
		ctx, cancel := context.WithCancel(context.Background())
		leave = func() { cancel(); viewers.Wait() }
		for range 5 {
			viewers.Go(func() {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"api/events", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if answer, err := http.DefaultClient.Do(r); err == nil {
					io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
			})
		}
	}
	var took []float64 // of the last layer's epochs: without viewers, with them, without …
	began := time.Now()
	trainer.Watch(train.ObserverFunc(func(e train.Event) {
		page.Observe(e)
		if end, ok := e.(train.EpochEnd); ok && end.Layer == "s3" {
			took = append(took, time.Since(began).Seconds())
			if len(took)%2 == 1 {
				come()
			} else {
				leave()
			}
			began = time.Now()
		}
	}))
	if _, err := trainer.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	leave()
	// Each epoch with viewers beside the mean of those before and after it; the
	// first ones, in which the training is not yet as fast as it gets, are left out.
	var ratios []float64
	for i := 5; i+1 < len(took); i += 2 {
		ratios = append(ratios, took[i]/((took[i-1]+took[i+1])/2))
	}
	mean, square := 0.0, 0.0
	for _, r := range ratios {
		mean += r / float64(len(ratios))
	}
	for _, r := range ratios {
		square += (r - mean) * (r - mean)
	}
	slices.Sort(ratios)
	t.Logf("an epoch with five viewers takes %.3f of one without (mean; %.3f standard error; median %.3f), of %d epochs", mean,
		math.Sqrt(square/float64(len(ratios)-1)/float64(len(ratios))), ratios[len(ratios)/2], len(ratios))
}
