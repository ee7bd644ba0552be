#include "disk/failing_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace {

smm::test::Strike strike;
int error_told = 0;

bool is_struck() {
  if (!strike.comes()) return false;
  errno = error_told;
  return true;
}

template <class Result, class... Arguments>
Result pass_on(const char* name, Arguments... arguments) {
  if (is_struck()) return static_cast<Result>(-1);
  return reinterpret_cast<Result (*)(Arguments...)>(dlsym(RTLD_NEXT, name))(arguments...);
}

}  // namespace

namespace smm::test {

void strike_calls(const Strike& to_come, int error) {
  strike = to_come;
  error_told = error;
}

const Strike& call_strike() {
  return strike;
}

}  // namespace smm::test

extern "C" int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return pass_on<int>("open", path, flags, mode);
}

extern "C" int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return pass_on<int>("open64", path, flags, mode);
}

extern "C" int openat(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return pass_on<int>("openat", directory, path, flags, mode);
}

extern "C" ssize_t read(int fd, void* into, size_t size) {
  return pass_on<ssize_t>("read", fd, into, size);
}

extern "C" ssize_t pread64(int fd, void* into, size_t size, off64_t at) {
  return pass_on<ssize_t>("pread64", fd, into, size, at);
}

extern "C" ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
  return pass_on<ssize_t>("pwrite64", fd, from, size, at);
}

extern "C" int ftruncate64(int fd, off64_t size) noexcept {
  return pass_on<int>("ftruncate64", fd, size);
}

extern "C" int fsync(int fd) {
  return pass_on<int>("fsync", fd);
}

extern "C" int fdatasync(int fd) {
  return pass_on<int>("fdatasync", fd);
}

extern "C" int rename(const char* from, const char* to) noexcept {
  return pass_on<int>("rename", from, to);
}

extern "C" int remove(const char* path) noexcept {
  return pass_on<int>("remove", path);
}

extern "C" int unlink(const char* path) noexcept {
  return pass_on<int>("unlink", path);
}

extern "C" int stat(const char* path, struct stat* found) noexcept {
  return pass_on<int>("stat", path, found);
}

extern "C" int stat64(const char* path, struct stat64* found) noexcept {
  return pass_on<int>("stat64", path, found);
}

extern "C" int lstat(const char* path, struct stat* found) noexcept {
  return pass_on<int>("lstat", path, found);
}

extern "C" int lstat64(const char* path, struct stat64* found) noexcept {
  return pass_on<int>("lstat64", path, found);
}

extern "C" int fstat(int fd, struct stat* found) noexcept {
  return pass_on<int>("fstat", fd, found);
}

extern "C" int fstat64(int fd, struct stat64* found) noexcept {
  return pass_on<int>("fstat64", fd, found);
}

// A null pointer is also how it tells of the end.
extern "C" dirent* readdir(DIR* directory) {
  if (is_struck()) return nullptr;
  return reinterpret_cast<dirent* (*)(DIR*)>(dlsym(RTLD_NEXT, "readdir"))(directory);
}
