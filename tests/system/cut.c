#include "tests/system/cut.h"

#include <netinet/in.h>
#include <sys/socket.h>

size_t cut_connections(size_t skip, size_t max)
{
    enum { FDS = 512 };
    size_t cut = 0;
    for (int fd = 3; fd < FDS && cut < max; fd++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
            (peer.ss_family != AF_INET && peer.ss_family != AF_INET6))
            continue;
        if (skip > 0)
            skip--;
        else if (shutdown(fd, SHUT_RDWR) == 0)
            cut++;
    }
    return cut;
}
