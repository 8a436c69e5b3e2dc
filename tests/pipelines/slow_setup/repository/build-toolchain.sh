# Stands for half an hour of compiling. The cache tells how often it was done.
set -e
date +%s.%N >> "$HOME/.cache/toolchain/built"
mkdir -p toolchain
cp toolchain.lock toolchain/version
cat > toolchain/check <<'END'
#!/bin/sh
cat toolchain/version
cmp -s toolchain.lock toolchain/version || { echo "this is the toolchain of another lock file"; exit 1; }
! grep -n wrong "$@"
END
chmod +x toolchain/check
