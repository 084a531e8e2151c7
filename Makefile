# The front door. Meson builds; these are the words for it.
BUILD ?= build

.PHONY: all setup setup-all demo test sdk boot bench asan fuzz tidy install clean

all: setup
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) -Dwhole_program=true >/dev/null
	@ninja -C $(BUILD)

setup:
	@tools/setup

setup-all:
	@tools/setup --all

demo: all
	@tools/demo $(BUILD)

test: all
	@tools/run-tests $(BUILD) --no-suite sdk --no-suite boot

sdk: setup-all all
	@tools/run-tests $(BUILD) --suite sdk

boot: setup-all all
	@tools/run-tests $(BUILD) --suite boot

bench: setup-all all
	@tools/bench $(BUILD)

asan: setup-all
	@[ -f $(BUILD)-asan/build.ninja ] || CC=clang meson setup $(BUILD)-asan -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
	@ninja -C $(BUILD)-asan
	@tools/run-tests $(BUILD)-asan --no-suite sdk --no-suite boot -t 3

fuzz: setup-all
	@tools/fuzz

tidy: setup-all all
	@tools/tidy $(BUILD)

install: all
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz
