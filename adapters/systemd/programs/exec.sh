# The main process of an exec's unit: begins runc, and becomes the reaper, whose Python takes as long to
# start as runc to read its container (docs/decisions/0020-a-gate-for-execs.md).
#
#   sh exec.sh PYTHON REAPER [COPY COPIED] PROCESS_FILE GATE PID_FILE -- RUNC ARGUMENT...
#
# COPY is what the daemon has made of COPIED, the runc that is found by that name, if both are of one age:
# a runc that copies itself takes 5 to 10 ms longer (adapters/runc/sealed_copy.py). A daemon of before an
# upgrade names none.
#
# The gate is a FIFO in place of runc's process file: runc waits there until the reaper is ready to take
# charge of the program and to pass a TERM on to it.
python=$1 reaper=$2 copy= copied=
shift 2
if [ "$4" != -- ]; then
    copy=$1 copied=$2
    shift 2
fi
process_file=$1 gate=$2 pid_file=$3
shift 4
if [ "$1" = runc ] && [ -x "$copy" ] && [ -x "$copied" ] &&
    ! [ "$copy" -nt "$copied" ] && ! [ "$copy" -ot "$copied" ]; then
    shift
    set -- "$copy" "$@"
fi
# A name with = in it would be a variable for env(1).
case $1 in *=*) set -- /bin/sh -c 'exec "$@"' sh "$@" ;; esac
# What a shell runs in the background it cuts off from its stdin, and makes ignore two signals, which
# the program would inherit. With NOTIFY_SOCKET runc would wait for a READY=1 of the program (F107).
exec 3<&0
/usr/bin/env -u NOTIFY_SOCKET --default-signal=INT --default-signal=QUIT "$@" <&3 3<&- &
exec "$python" -IS "$reaper" "$process_file" "$gate" "$pid_file" "$!" 3<&-
