package firstspike_test

import (
	"context"
	"fmt"
	"math"
	"os"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// twoLayers is an experiment of one's own: everything that decides the result, as
// data. Its first layer learns by STDP, its second, which decides, by reward.
var twoLayers = train.Experiment{
	Name: "two-layers", Seed: 1,
	Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10, Limit: 3000},
	Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 500},
	Encode: encode.Config{
		Steps: 15, Pad: 3, Threshold: 50, Normalise: 8,
		Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}},
	},
	Layers: []train.Layer{{
		Name: "s1", Maps: 16, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2, Threshold: 8, Fires: snn.Above,
		Weights: train.Normal{Mean: .8, Std: .05}, Pool: train.Pool{Window: 4, Stride: 4},
		Learn: train.Learn{
			Rule: train.RuleSTDP, Epochs: 1, K: 5, Radius: 3, Pointwise: true,
			APlus: .04, AMinus: -.03, Stabiliser: true, Upper: 1,
		},
	}, {
		Name: "s2", Maps: 100, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Threshold: math.Inf(1), Fires: snn.Above,
		Weights: train.Normal{Mean: .8, Std: .05},
		Learn: train.Learn{
			Rule: train.RuleRSTDP, Epochs: 12, K: 1, APlus: .004, AMinus: -.003, Lower: .2, Upper: .8,
			Punish: train.Punish{APlus: -.004, AMinus: .0005, Adapt: 500},
		},
	}},
}

// A network that no paper has learns and is tested on images that it has not seen.
// All that is wrong with an experiment is found before the work begins.
func Example_build() {
	dir, err := os.MkdirTemp("", "firstspike")
	defer os.RemoveAll(dir)
	learn, test, fault := dataset.MNIST()
	if err != nil || fault != nil {
		fmt.Println(err, fault)
		return
	}
	trainer, err := train.Create(dir+"/run", twoLayers, train.Options{Train: learn, Test: test.Limit(1000)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer trainer.Close()
	report, err := trainer.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("epoch %d was best: %.1f %% of the test images right\n", report.Epoch, 100*report.Test.Accuracy())
	// Output: epoch 10 was best: 81.8 % of the test images right
}
