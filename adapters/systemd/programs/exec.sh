# The main process of an exec's unit: begins runc, and becomes the reaper, whose Python takes as long to
# start as runc to read its container (docs/decisions/0020-a-gate-for-execs.md).
#
#   sh exec.sh PYTHON REAPER PROCESS_FILE GATE PID_FILE -- RUNC ARGUMENT...
#
# The gate is a FIFO in place of runc's process file: runc waits there until the reaper is ready to take
# charge of the program and to pass a TERM on to it.
python=$1 reaper=$2 process_file=$3 gate=$4 pid_file=$5
shift 6
# A name with = in it would be a variable for env(1).
case $1 in *=*) set -- /bin/sh -c 'exec "$@"' sh "$@" ;; esac
# What a shell runs in the background it cuts off from its stdin, and makes ignore two signals, which
# the program would inherit. With NOTIFY_SOCKET runc would wait for a READY=1 of the program (F107).
exec 3<&0
/usr/bin/env -u NOTIFY_SOCKET --default-signal=INT --default-signal=QUIT "$@" <&3 3<&- &
exec "$python" -IS "$reaper" "$process_file" "$gate" "$pid_file" "$!" 3<&-
