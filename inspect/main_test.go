package inspect

import (
	"context"
	"os"
	"testing"
)

var (
	temporary  string
	background = context.Background()
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "inspect")
	if err != nil {
		panic(err)
	}
	temporary = dir + "/run"
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
