// Engine is the network in a page: package lab as a WebAssembly program, which
// a static page loads where a served one asks its server. Being the same code,
// it gives the same answers, bit for bit.
//
// Compiled for js/wasm it makes an object globalThis.firstspike with two
// functions, calls globalThis.firstspikeReady, if there is such a function, and
// waits to be asked:
//
//	load(id, bytes)    takes a network: a Uint8Array with a safetensors file of
//	                   this program, compressed with gzip or not. It returns "",
//	                   or what is wrong.
//	ask(id, question)  answers a lab.Question in JSON with a lab.Answer, or
//	                   {"error": "..."}.
//
// A network of the same id takes the place of the one before. Nothing that is
// loaded or asked ends the program. It belongs into a worker, so that a page is
// not held up.
//
// Compiled for any other system it is what makes the files beside it, which
// package web hands on: engine.bin, the program, compressed, and wasm_exec.js,
// with which Go's programs start, and which has to be of the same version of Go.
//
//	go generate ./web
//
// makes them anew. The same sources and the same version of Go, which engine.txt
// tells, give the same bytes; a test holds them against each other.
package main
