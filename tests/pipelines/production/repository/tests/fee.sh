. ./payments/fee.sh
test "$fee" -le 5
