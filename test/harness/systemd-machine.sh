#!/bin/bash
# A real systemd as process 1 of fresh mount, pid, uts, ipc and cgroup namespaces;
# systemd-machine.ts drives it.
#
#   systemd-machine.sh start DIR    prints "ready"; DIR/init.pid and DIR/bus.address say where it is
#   systemd-machine.sh stop  DIR    idempotent; leaves neither processes, mounts nor cgroups
#
#   DIR/run   the machine's /run        D-Bus: DIR/run/dbus/system_bus_socket
#   DIR/etc   the machine's /etc        put units into DIR/etc/systemd/system
#   DIR/var   the machine's /var        journal: DIR/var/log/journal/<machine id>/*.journal
#
# Nothing of the host is written: the root is a tmpfs, /usr a read-only bind mount, /proc/sys and
# /sys are read-only. Network and user namespace are the host's, so D-Bus knows us from outside.
set -euo pipefail
command=$1
D=$(realpath -m "$2")

start() {
  local cgroup2 group leader init=""
  cgroup2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  prepare_files
  # journald refuses to clear /run/log/journal after its flush unless it is a tmpfs.
  mount -t tmpfs -o mode=755 tmpfs "$D/run"
  group="$cgroup2/tapio-machine-$$"
  mkdir "$group"
  echo "$group" >"$D/cgroup"
  # systemd moves every process of its cgroup namespace's root into init.scope: without a group of
  # its own, entered before the namespace is made, that would be every process of this machine.
  (
    echo $BASHPID >"$group/cgroup.procs"
    exec setsid unshare --mount --pid --fork --kill-child=SIGKILL --uts --ipc --cgroup \
      bash "$D/init.sh" "$D" >"$D/console.log" 2>&1 </dev/null
  ) &
  leader=$!
  echo $leader >"$D/leader.pid"
  for _ in $(seq 200); do
    init=$(tr -d ' ' <"/proc/$leader/task/$leader/children" 2>/dev/null || true)
    if [ -n "$init" ]; then
      echo "$init" >"$D/init.pid"
      if is_up; then
        echo "unix:path=$D/run/dbus/system_bus_socket" >"$D/bus.address"
        echo ready
        return 0
      fi
    fi
    kill -0 "$leader" 2>/dev/null || break
    sleep 0.1
  done
  echo "systemd did not start:" >&2
  tail -20 "$D/console.log" >&2
  stop
  return 1
}

# A socket file alone proves nothing: the manager has to answer.
is_up() {
  [ -S "$D/run/dbus/system_bus_socket" ] || return 1
  busctl --address="unix:path=$D/run/dbus/system_bus_socket" get-property org.freedesktop.systemd1 \
    /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager SystemState 2>/dev/null |
    grep -q '"running"\|"degraded"'
}

prepare_files() {
  mkdir -p "$D"/{root,run,var/log/journal,etc/systemd/system,etc/systemd/journald.conf.d}
  cp /etc/passwd /etc/group /etc/nsswitch.conf "$D/etc/"
  cp /etc/ld.so.cache /etc/ld.so.conf "$D/etc/" 2>/dev/null || true
  if [ -d /etc/alternatives ]; then cp -a /etc/alternatives "$D/etc/"; fi
  tr -d - </proc/sys/kernel/random/uuid >"$D/etc/machine-id"
  echo tapio-machine >"$D/etc/hostname"
  : >"$D/etc/fstab"
  cat >"$D/etc/systemd/journald.conf.d/tapio.conf" <<CONF
[Journal]
Storage=persistent
RateLimitIntervalSec=0
Audit=no
ReadKMsg=${TAPIO_MACHINE_KERNEL_LOG:-no}
SystemMaxUse=512M
CONF
  cat >"$D/etc/systemd/system/tapio.target" <<'UNIT'
[Unit]
Description=Tapio test machine
Requires=dbus.socket systemd-journald.socket
Wants=dbus.service systemd-journald.service
After=dbus.socket
AllowIsolate=yes
UNIT
  ln -sf tapio.target "$D/etc/systemd/system/default.target"
  # What would look for hardware, or write where nothing may be written.
  local unit
  for unit in systemd-{sysctl,modules-load,udevd,udev-trigger}.service \
    systemd-{tmpfiles-setup,tmpfiles-setup-dev,random-seed,binfmt,pstore}.service \
    systemd-{update-utmp,firstboot,sysusers,machine-id-commit}.service \
    systemd-journald-audit.socket systemd-tmpfiles-clean.timer \
    sys-kernel-{debug,tracing,config}.mount \
    sys-fs-fuse-connections.mount dev-hugepages.mount proc-sys-fs-binfmt_misc.automount; do
    ln -sf /dev/null "$D/etc/systemd/system/$unit"
  done
  write_init
}

write_init() {
  cat >"$D/init.sh" <<'INIT'
set -e
D=$1
R=$D/root
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$R"
mkdir -p "$R"/{usr,etc,var,run,proc,sys,dev,tmp,root,mnt,oldroot}
for l in bin sbin lib lib64 lib32; do if [ -L /$l ]; then ln -s usr/$l "$R/$l"; fi; done
mount --bind /usr "$R/usr"
mount -o remount,bind,ro "$R/usr"
mount --bind "$D/etc" "$R/etc"
mount --bind "$D/var" "$R/var"
mount --bind "$D/run" "$R/run"
mount -t proc proc "$R/proc"
# A boot id per start, as after a real boot.
cat /proc/sys/kernel/random/uuid >"$D/boot_id"
mount --bind "$D/boot_id" "$R/proc/sys/kernel/random/boot_id"
mount --rbind "$R/proc/sys" "$R/proc/sys"
mount -o remount,bind,ro "$R/proc/sys"
mount -t sysfs -o ro sysfs "$R/sys"
mount -t tmpfs -o mode=755 tmpfs "$R/dev"
for d in null zero full random urandom tty kmsg; do
  touch "$R/dev/$d"
  mount --bind "/dev/$d" "$R/dev/$d"
done
mkdir -p "$R/dev/pts" "$R/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$R/dev/pts"
ln -s pts/ptmx "$R/dev/ptmx"
mount -t tmpfs tmpfs "$R/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$R/tmp"
ln -s /proc/self/fd "$R/dev/fd"
ln -s /proc/self/fd/0 "$R/dev/stdin"
ln -s /proc/self/fd/1 "$R/dev/stdout"
ln -s /proc/self/fd/2 "$R/dev/stderr"
mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup"
cd "$R"
pivot_root . oldroot
umount -l /oldroot
rmdir /oldroot
# Without `container` systemd would try to set up hardware.
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=tapio LANG=C.UTF-8 \
  /usr/lib/systemd/systemd --system --unit=tapio.target \
  --log-target=console --log-level=info --show-status=no
INIT
}

stop() {
  local init leader group
  init=$(cat "$D/init.pid" 2>/dev/null || true)
  leader=$(cat "$D/leader.pid" 2>/dev/null || true)
  group=$(cat "$D/cgroup" 2>/dev/null || true)
  if [ -n "$leader" ] && kill -0 "$leader" 2>/dev/null; then
    # SIGRTMIN+14: power off at once, which is only the end of the pid namespace.
    if [ -n "$init" ]; then kill -s RTMIN+14 "$init" 2>/dev/null || true; fi
    for _ in $(seq 30); do
      kill -0 "$leader" 2>/dev/null || break
      sleep 0.1
    done
    # The end of a namespace's process 1 is the end of everything in it.
    kill -9 "$leader" 2>/dev/null || true
    sleep 0.2
  fi
  rm -f "$D/init.pid" "$D/leader.pid" "$D/bus.address"
  mountpoint -q "$D/run" && umount -l "$D/run"
  if [ -n "$group" ] && [ -d "$group" ]; then
    find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  fi
}

case $command in
start) start ;;
stop) stop ;;
*)
  echo "usage: $0 start|stop DIR" >&2
  exit 2
  ;;
esac
