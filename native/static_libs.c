/*
 * What keeps the distribution's static libbpf and libelf out of an addon, replaced.
 *
 * They are compiled for executables. Two things in them cannot be linked into a shared object:
 * libbpf's reference to stderr, which binding.gyp renames to the variable here, and libelf's
 * thread-local error number, whose object file (elf_error.o) is never pulled in because its
 * functions are here. libbpf uses both only for its own warnings.
 */
#include <libelf.h>
#include <stdio.h>

FILE *probectl_stderr;

__attribute__((constructor)) static void set_stderr(void)
{
	probectl_stderr = stderr;
}

static __thread int last_error;

int elf_errno(void)
{
	int error = last_error;

	last_error = 0;
	return error;
}

const char *elf_errmsg(int error)
{
	(void)error;
	return "invalid ELF object";
}

void __libelf_seterrno(int value)
{
	last_error = value;
}
