// Package slurm lends tests a real Slurm of one machine.
//
// [Start] starts the three programs that make one up, munged, slurmctld and
// slurmd, with a configuration, keys, ports and sockets of their own, so that
// several tests may each have one at a time. They are children of a shell that
// waits for its standard input to end, which it does with the test, however the
// test ends; then it cancels what still runs and ends exactly those three.
//
// In one thing it is unlike others: a job that was requeued begins again after
// seconds, where Slurm has it wait for two minutes.
package slurm
