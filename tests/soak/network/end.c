/*
 * end.c - a namespace, a TUN device, an address.
 */
#include "tests/soak/network/end.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NETWORK = 10 << 24 | 77 << 16 };

static struct sockaddr address(uint32_t bits)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(bits)};
    struct sockaddr any;
    memcpy(&any, &in, sizeof any);
    return any;
}

static struct ifreq request(const char *device)
{
    struct ifreq ask = {0};
    snprintf(ask.ifr_name, sizeof ask.ifr_name, "%s", device);
    return ask;
}

static bool bring_up(int control, const char *device)
{
    struct ifreq ask = request(device);
    ask.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(control, SIOCSIFFLAGS, &ask) == 0;
}

static bool configure(int control, const char *device, int number)
{
    struct ifreq ask = request(device);
    ask.ifr_addr = address(NETWORK | (uint32_t)(number + 1));
    if (ioctl(control, SIOCSIFADDR, &ask) != 0)
        return false;
    ask.ifr_netmask = address(0xffffff00);
    if (ioctl(control, SIOCSIFNETMASK, &ask) != 0)
        return false;
    ask.ifr_mtu = END_PACKET_BYTES;
    return ioctl(control, SIOCSIFMTU, &ask) == 0 && bring_up(control, device) &&
           bring_up(control, "lo");
}

static int device_open(const char *name)
{
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq ask = request(name);
    ask.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (device < 0 || ioctl(device, TUNSETIFF, &ask) == 0)
        return device;
    close(device);
    return -1;
}

bool end_open(struct end *end, int number, const char **what)
{
    *what = "a network namespace";
    if (unshare(CLONE_NEWNET) != 0)
        return false;
    end->space = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    *what = "a TUN device";
    end->device = device_open("muon");
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (end->space < 0 || end->device < 0 || control < 0)
        return false;
    *what = "an address for a TUN device";
    bool good = configure(control, "muon", number);
    close(control);
    return good;
}
