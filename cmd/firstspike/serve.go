package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"firstspike/web"
)

type serveCommand struct {
	Runs []string `arg:"" optional:"" name:"run" help:"Folders of runs, of studies, or of sweeps; all runs below ./runs, and the sweeps of this folder, if none is named."`

	Addr string `placeholder:"HOST:PORT" help:"The address; 127.0.0.1:8080, or the next port that is free, if not given. 0.0.0.0:8080 is for the whole network, which has no password: see below."`
}

// Help is shown after the flags.
func (serveCommand) Help() string {
	return `A page in the browser that needs no network: watch runs learn, those of other processes too; draw a digit and see what is decided at every stroke, and why; step through the spikes of every layer; turn thresholds; teach it; look at its errors; follow sweeps, point by point:

    firstspike serve
    firstspike serve runs/mozafari2018-seed1 runs/ten
    firstspike serve rates-sweep
    firstspike train --web

Runs that begin later are there as soon as they have saved for the first time. Nothing is written into a run. Ctrl-C ends it.

The page is for this machine only. With --addr and another address, anybody who reaches the address can look at the runs and use the processor: nobody is asked for a password, and nothing is encrypted. From another machine, rather use a tunnel: ssh -L 8080:127.0.0.1:8080 HOST.`
}

func (c *serveCommand) faults() (faults usageError) {
	checkAddress(c.Addr, &faults)
	for _, dir := range c.Runs {
		info, err := os.Stat(dir)
		switch {
		case err != nil:
			faults.add("%s: no such folder; name that of a run or a sweep, or one with some below it", dir)
		case !info.IsDir():
			faults.add("%s: is no folder; name that of a run or a sweep, or one with some below it", dir)
		}
	}
	return faults
}

// Run serves until it is interrupted.
func (c *serveCommand) Run(s *streams) error {
	if err := c.faults().err(); err != nil {
		return err
	}
	dirs, beside := c.Runs, []string(nil)
	if len(dirs) == 0 {
		dirs, beside = []string{"runs"}, []string{"."}
	}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	for _, h := range hangup {
		if !signal.Ignored(h) { // as nohup has it
			ends = append(ends, h)
		}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), ends...)
	defer cancel()
	p, notes, err := openPage(dirs, c.Addr, beside...)
	if err != nil {
		return err
	}
	defer p.close()
	switch runs, sweeps := len(p.server.Runs()), len(p.server.Sweeps()); {
	case runs > 0 && sweeps > 0:
		notes = append(notes, plural(runs, "run")+" and "+plural(sweeps, "sweep")+"; Ctrl-C ends it")
	case runs > 0:
		notes = append(notes, plural(runs, "run")+"; Ctrl-C ends it")
	case sweeps > 0:
		notes = append(notes, plural(sweeps, "sweep")+"; Ctrl-C ends it")
	case len(c.Runs) == 0:
		notes = append(notes, "there is no run below ./runs yet, and no sweep here; train one meanwhile: "+command("train"))
	default:
		notes = append(notes, "there is no run and no sweep in what was named; those that begin there will be served")
	}
	for _, n := range notes {
		fmt.Fprintf(s.err, "note: %s\n", visible(n))
	}
	if _, err := fmt.Fprintln(s.out, p.address); err != nil {
		return err
	}
	return p.serve(ctx)
}

// defaultPort is the port of the page if none is named, or the first of those
// that are tried.
const (
	defaultPort = 8080
	triedPorts  = 100
)

// checkAddress says what is wrong with the value of --addr.
func checkAddress(addr string, faults *usageError) {
	if addr == "" {
		return
	}
	_, port, err := net.SplitHostPort(addr)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > 65535 {
		faults.add("--addr %s: write HOST:PORT, such as 127.0.0.1:8080; port 0 is any that is free", addr)
	}
}

// A page is served beside something else.
type page struct {
	server  *web.Server
	address string
	stop    context.CancelFunc
	ended   chan error
}

// openPage begins to serve the runs and sweeps in some folders, and the sweeps
// that lie beside. An address that is empty is one of this machine only. notes
// are what people have to know about it.
func openPage(dirs []string, addr string, beside ...string) (p *page, notes []string, err error) {
	l, notes, err := listen(addr)
	if err != nil {
		return nil, nil, err
	}
	// What package net/http writes of clients that misbehave is of no use to
	// anybody.
	log.SetOutput(io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	p = &page{server: web.New(dirs, web.Options{Sweeps: beside}), address: address(l.Addr()), stop: cancel, ended: make(chan error, 1)}
	go func() { p.ended <- p.server.Serve(ctx, l) }()
	return p, notes, nil
}

// listen opens the address.
func listen(addr string) (l net.Listener, notes []string, err error) {
	if addr != "" {
		if l, err = net.Listen("tcp", addr); err != nil {
			return nil, nil, usageError{fmt.Errorf("--addr %s: %w; choose another address", addr, err)}
		}
		if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
			notes = append(notes, fmt.Sprintf("%s is not for this machine only: anybody who reaches it can look at the runs and use the processor; nobody is asked for a password, and nothing is encrypted", l.Addr()))
		}
		return l, notes, nil
	}
	for port := defaultPort; port < defaultPort+triedPorts; port++ {
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			if port > defaultPort {
				notes = append(notes, fmt.Sprintf("port %d is taken; this is the next one that is free; --addr names another", defaultPort))
			}
			return l, notes, nil
		}
	}
	return nil, nil, fmt.Errorf("none of the ports %d to %d can be had: %w; name another address with --addr", defaultPort, defaultPort+triedPorts-1, err)
}

// address is where a browser on this machine finds the page.
func address(a net.Addr) string {
	tcp := a.(*net.TCPAddr)
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)) + "/"
}

// serve serves until ctx ends, which is no error.
func (p *page) serve(ctx context.Context) error {
	select {
	case err := <-p.ended:
		p.ended <- err
		return err
	case <-ctx.Done():
		return nil
	}
}

// close ends the page. There may be none.
func (p *page) close() {
	if p == nil {
		return
	}
	p.stop()
	p.ended <- <-p.ended // a second call waits no longer
}
