# Runs a Slurm in the current folder until standard input ends.
trap '' INT
munged -F --key-file="$PWD/munge.key" --socket="$PWD/munge.socket" --pid-file="$PWD/munge.pid" \
	--log-file="$PWD/munge.log" --seed-file="$PWD/munge.seed" &
munged=$!
until [ -S munge.socket ]; do
	kill -0 $munged || exit 1
	sleep 0.05
done
slurmctld -D &
slurmctld=$!
slurmd -D &
slurmd=$!

# Whoever is requeued is to wait for two minutes. Two seconds will do: what lets a
# job begin must be of a later second than what ended it.
while sleep 0.2; do
	waiting=$(squeue --noheader --array --states=PENDING --format='%r %i' | sed -n 's/^BeginTime //p')
	[ -n "$waiting" ] || continue
	sleep 2
	for job in $waiting; do
		scontrol update JobId="$job" StartTime=now
	done
done &
impatience=$!

read -r _

kill $impatience
scancel --user=root
for _ in $(seq 150); do
	[ -n "$(squeue --noheader)" ] || break
	sleep 0.1
done
for daemon in $slurmd $slurmctld $munged; do
	kill $daemon
	wait $daemon
done
