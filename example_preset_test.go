package firstspike_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
)

// The network of a paper, made smaller so that it learns in a moment, is trained,
// stopped by its context, taken up again to the same bits, tested and asked.
func Example_preset() {
	fmt.Println(trainPreset())
	// Output:
	// epoch 0: 73 of 200 held-out images right
	// interrupted: true
	// epoch 1: 90 of 200 held-out images right
	// epoch 2: 97 of 200 held-out images right
	// epoch 3: 97 of 200 held-out images right
	// test: 200 of 500 right; the first image is a 7
	// <nil>
}

func trainPreset() error {
	learn, test, err := dataset.MNIST()
	dir, err1 := os.MkdirTemp("", "firstspike")
	defer os.RemoveAll(dir)
	p, ok := preset.Lookup("mozafari2018")
	if err := errors.Join(err, err1); err != nil || !ok {
		return err
	}
	for _, s := range [][2]string{ // an experiment is data: each of its settings has a path
		{"data.limit", "1200"}, {"protocol.validation", "200"}, {"layers.s3.learn.epochs", "4"},
		{"layers.s1.maps", "16"}, {"layers.s2.maps", "60"}, {"layers.s3.maps", "100"},
	} {
		err = errors.Join(err, p.Set(s[0], s[1]))
	}
	ctx, stop := context.WithCancel(context.Background())
	options := train.Options{Train: learn, Test: test.Limit(500), Observer: train.ObserverFunc(func(event train.Event) {
		if end, ok := event.(train.EpochEnd); ok && end.Layer == "s3" {
			fmt.Printf("epoch %d: %d of %d held-out images right\n", end.Epoch, end.Validation.Right, end.Validation.Images())
			stop()
		}
	})}
	trainer, err1 := train.Create(dir+"/run", p.Experiment, options)
	if err := errors.Join(err, err1); err != nil {
		return err
	}
	_, err = trainer.Run(ctx)
	fmt.Println("interrupted:", errors.Is(err, train.ErrInterrupted))
	err1 = trainer.Close()
	trainer, err2 := train.Resume(dir+"/run", options)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	defer trainer.Close()
	report, err := trainer.Run(context.Background())
	model, err1 := train.Load(dir + "/run") // as another program would
	if err := errors.Join(err, err1); err != nil {
		return err
	}
	predictor, err := model.Predictor()
	if err != nil {
		return err
	}
	fmt.Printf("test: %d of %d right; the first image is a %d\n", report.Test.Right, report.Test.Images(), predictor.Predict(test.Image(0)).Class)
	return nil
}
