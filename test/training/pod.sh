#!/usr/bin/env bash
# Runs a container's command in a root file system of its own: unshare ... pod.sh ROOT MOUNTS USER GROUP FSGROUP DIR COMMAND...
# ROOT is an empty folder. MOUNTS is a file with a line for each mount: what, where, and `ro`, `rw` or a tmpfs's size.
# Everything else is read-only, the command has no privileges, and it becomes process 1.
set -euo pipefail
root=$1 mounts=$2 user=$3 group=$4 fs_group=$5 directory=$6
shift 6

bind() { # what where ro|rw
  if [[ -d $1 ]]; then
    mkdir -p "$root$2"
  else
    mkdir -p "$(dirname "$root$2")"
    touch "$root$2"
  fi
  mount --bind "$1" "$root$2"
  [[ $3 == rw ]] || mount -o remount,bind,ro "$root$2"
}

mount --make-rprivate /
mount -t tmpfs -o mode=755 root "$root"
# What an image brings: the system's programs and libraries, without what is the machine's own.
bind /usr /usr ro
for name in bin sbin lib lib32 lib64; do
  if [[ -L /$name ]]; then cp -P "/$name" "$root/$name"; elif [[ -d /$name ]]; then bind "/$name" "/$name" ro; fi
done
for name in alternatives ld.so.cache nsswitch.conf passwd group hosts resolv.conf ssl pip.conf; do
  [[ ! -e /etc/$name ]] || bind "$(readlink -f "/etc/$name")" "/etc/$name" ro
done
# What a container runtime brings.
mkdir -p "$root/proc"
mount -t proc proc "$root/proc"
bind /sys /sys ro
for name in null zero full random urandom; do bind "/dev/$name" "/dev/$name" rw; done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root/dev/shm"
mount -t tmpfs -o size=64m,mode=1777 shm "$root/dev/shm"
# What the pod brings.
while IFS=$'\t' read -r what where mode; do
  case $mode in
    ro | rw) bind "$what" "$where" "$mode" ;;
    *)
      mkdir -p "$root$where"
      mount -t tmpfs -o "size=$mode,mode=1777" tmpfs "$root$where"
      ;;
  esac
done <"$mounts"
mount -o remount,ro "$root"

exec chroot "$root" setpriv --reuid "$user" --regid "$group" --groups "$fs_group" --no-new-privs \
  --inh-caps=-all --bounding-set=-all env --chdir="$directory" "$@"
