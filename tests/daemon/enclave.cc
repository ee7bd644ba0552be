#include "enclave.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace smm::test {
namespace {

constexpr int loopback_index = 1;  // in every new network

bool raise_loopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool raised = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0) close(fd);
  return raised;
}

// As `ip route add local default dev lo`: every address of the family is this machine's.
bool own_every_address(unsigned char family) {
  struct {
    nlmsghdr head;
    rtmsg route;
    rtattr attribute;
    int interface;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_NEWROUTE;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  request.route.rtm_family = family;
  request.route.rtm_table = RT_TABLE_LOCAL;
  request.route.rtm_protocol = RTPROT_BOOT;
  request.route.rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  request.route.rtm_type = RTN_LOCAL;
  request.attribute.rta_type = RTA_OIF;
  request.attribute.rta_len = RTA_LENGTH(sizeof request.interface);
  request.interface = loopback_index;
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return false;
  struct {
    nlmsghdr head;
    nlmsgerr error;
    std::array<char, 256> rest;
  } answer{};
  const bool done = send(fd, &request, sizeof request, 0) == sizeof request &&
                    recv(fd, &answer, sizeof answer, 0) > 0 && answer.head.nlmsg_type == NLMSG_ERROR &&
                    answer.error.error == 0;
  close(fd);
  return done;
}

}  // namespace

Enclave::Enclave(Reach reach)
    : old_network_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)),
      old_mounts_(open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)),
      old_directory_(std::filesystem::current_path()) {
  if (old_network_ < 0 || old_mounts_ < 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return;
  entered_ = true;
  entered_ = enter(reach);
}

bool Enclave::enter(Reach reach) {
  // A kernel without IPv6 has no such addresses to be fooled by.
  const auto owned = [](unsigned char family) {
    return own_every_address(family) || (family == AF_INET6 && access("/proc/net/if_inet6", F_OK) != 0);
  };
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 && raise_loopback() &&
         owned(AF_INET) && (reach == Reach::ipv4 || owned(AF_INET6));
}

Enclave::~Enclave() {
  // Where it was not entered this changes nothing.
  if (old_network_ >= 0) static_cast<void>(setns(old_network_, CLONE_NEWNET));
  if (old_mounts_ >= 0) {
    static_cast<void>(setns(old_mounts_, CLONE_NEWNS));
    std::error_code ignored;
    std::filesystem::current_path(old_directory_, ignored);
  }
  for (const int fd : {old_network_, old_mounts_})
    if (fd >= 0) close(fd);
}

bool Enclave::cover(const std::filesystem::path& place, const std::filesystem::path& with) const {
  return entered_ && mount(with.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

}  // namespace smm::test
