package main

import "syscall/js"

func main() {
	e := engine{}
	api := js.Global().Get("Object").New()
	api.Set("load", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) != 2 || args[0].Type() != js.TypeString || !args[1].InstanceOf(js.Global().Get("Uint8Array")) {
			return "load takes the name of a network and its bytes"
		}
		file := make([]byte, args[1].Length())
		js.CopyBytesToGo(file, args[1])
		return e.load(args[0].String(), file)
	}))
	api.Set("ask", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) != 2 || args[0].Type() != js.TypeString || args[1].Type() != js.TypeString {
			return failed("ask takes the name of a network and a question")
		}
		return e.ask(args[0].String(), args[1].String())
	}))
	js.Global().Set("firstspike", api)
	if ready := js.Global().Get("firstspikeReady"); ready.Type() == js.TypeFunction {
		ready.Invoke()
	}
	select {}
}
