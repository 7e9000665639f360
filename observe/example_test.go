package observe_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"firstspike/dataset"
	"firstspike/gallery"
	"firstspike/observe"
	"firstspike/train"
)

// A training is watched by TensorBoard, and then written as a table.
func Example() {
	temporary, err := os.MkdirTemp("", "firstspike")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(temporary)
	dir, logs := filepath.Join(temporary, "run"), filepath.Join(temporary, "logs", "run")

	learn, test, err := dataset.MNIST()
	if err != nil {
		log.Fatal(err)
	}
	trainer, err := train.Create(dir, small(), train.Options{Train: learn, Test: test.Limit(100)})
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()
	begun, err := observe.ReadRun(dir)
	if err != nil {
		log.Fatal(err)
	}
	board, err := observe.NewTensorBoard(logs, begun)
	if err != nil {
		log.Fatal(err)
	}
	trainer.Watch(board)
	if _, err := trainer.Run(context.Background()); err != nil {
		log.Fatal(err)
	}

	finished, err := observe.ReadRun(dir)
	if err != nil {
		log.Fatal(err)
	}
	if err := board.Images(finished, gallery.Features); err != nil {
		log.Fatal(err)
	}
	if err := board.Outcome(finished); err != nil {
		log.Fatal(err)
	}
	if err := board.Close(); err != nil {
		log.Fatal(err)
	}

	var table strings.Builder
	if err := observe.NewCSV(&table, finished).Err(); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(table.String()) {
		fmt.Println(strings.Join(strings.Split(line, ",")[:4], ","))
	}
	// Output:
	// layer,epoch,epochs,presentations
	// s1,0,2,250
	// s1,1,2,500
	// s2,0,3,750
	// s2,1,3,1000
	// s2,2,3,1250
}
