package fetch_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"firstspike/fetch"
)

func ExampleGet() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "spikes") }))
	defer server.Close()
	dir, err := os.MkdirTemp("", "fetch-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	f := fetch.File{
		Name: "a.txt", Bytes: 6, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("spikes"))),
		URLs: []string{"http://127.0.0.1:1/a.txt", server.URL + "/a.txt"},
	}
	fmt.Println(fetch.Get(context.Background(), dir, f, fetch.Options{Observe: func(p fetch.Progress) {
		fmt.Println(p.Done, "of", p.Of, "failed:", p.Err != nil)
	}}))
	// Output:
	// 0 of 6 failed: true
	// 0 of 6 failed: false
	// 6 of 6 failed: false
	// <nil>
}
