# Runs a program as a container of a pod would run it: in mount, process and IPC namespaces of its own, with the root file system
# and all volumes read-only unless a volume says otherwise, as uid and gid 65532 without capabilities.
#     unshare --mount --pid --ipc --fork sh enter-container.sh ROOT VOLUME… -- PROGRAM ARGUMENT…
# A VOLUME is `ro:FROM:AT` or `rw:FROM:AT`.
set -eu
root=$1
shift
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro,nosuid "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid devices "$root/dev"
for device in null zero random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
while [ "$1" != -- ]; do
  mode=${1%%:*} rest=${1#*:}
  from=${rest%%:*} at=$root${rest#*:}
  mount --bind "$from" "$at"
  [ "$mode" = rw ] || mount -o remount,bind,ro,nosuid,nodev "$at"
  shift
done
shift
# chroot needs these three for itself; they are gone when it has become 65532, and cannot be had back.
exec setpriv --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all --no-new-privs \
  chroot --userspec=65532:65532 --groups=65532 "$root" "$@"
