package dataset

import (
	_ "embed"
	"strings"
	"sync"
)

// The original files, still compressed. They are strings, and nothing refers to them while the package is initialised, so
// that a program which never asks for MNIST is linked without them.
var (
	//go:embed mnist/train-images-idx3-ubyte.gz
	trainImages string
	//go:embed mnist/train-labels-idx1-ubyte.gz
	trainLabels string
	//go:embed mnist/t10k-images-idx3-ubyte.gz
	testImages string
	//go:embed mnist/t10k-labels-idx1-ubyte.gz
	testLabels string
)

// What [Set.Sum] computes for the two parts of MNIST; a test computes them again.
const (
	trainSum = "c5097fdd51cfdbe7695fd9df3612695696864b5c424f58d843ffdc5d335e9914"
	testSum  = "18489308deedfe2f7bd3a11e599a597126f161d991b1ffcffb71642aa76f7f62"
)

// part is one half of MNIST, decoded when it is first asked for.
type part struct {
	once sync.Once
	set  *Set
	err  error
}

func (p *part) get(name, images, labels, sum string) (*Set, error) {
	p.once.Do(func() {
		p.set, p.err = readPair(
			file{name + "-images", strings.NewReader(images), int64(len(images))},
			file{name + "-labels", strings.NewReader(labels), int64(len(labels))})
		if p.err == nil {
			p.set.Name, p.set.sum = name, sum
		}
	})
	return p.set, p.err
}

var mnistTrain, mnistTest part

// MNIST returns the 60,000 training and 10,000 test images of the MNIST database of handwritten digits, which are embedded
// in the program: 28x28 pixels, classes 0 to 9, a light digit on a dark ground. They are decoded at the first call, 55 MB
// in all, and the same two sets are returned ever after. An error means that the program itself is damaged.
//
// Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits; CC BY-SA 3.0.
func MNIST() (train, test *Set, err error) {
	var testErr error
	done := make(chan struct{})
	go func() {
		test, testErr = MNISTTest()
		close(done)
	}()
	train, err = mnistTrain.get("mnist/train", trainImages, trainLabels, trainSum)
	<-done
	if err == nil {
		err = testErr
	}
	if err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// MNISTTest returns the test part of [MNIST] and leaves the training part, six times as large, undecoded.
func MNISTTest() (*Set, error) {
	return mnistTest.get("mnist/test", testImages, testLabels, testSum)
}
