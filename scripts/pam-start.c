/* Lets a program look for the settings of PAM services in the folder that ROWSCORE_PAM_SERVICES names, instead of
 * /etc/pam.d. Loaded before it, see scripts/servers/rds.py. Two programs never share anything: libpam_wrapper, which does
 * the same, keeps its copy of the settings in /tmp/pam.X, one letter X for each, and two may take the same. */
#include <stdlib.h>

struct pam_conv;
struct pam_handle;

/* Linux-PAM's, since 1.4. */
extern int pam_start_confdir(const char *service, const char *user, const struct pam_conv *conversation,
                             const char *folder, struct pam_handle **handle);

int pam_start(const char *service, const char *user, const struct pam_conv *conversation, struct pam_handle **handle)
{
    return pam_start_confdir(service, user, conversation, getenv("ROWSCORE_PAM_SERVICES"), handle);
}
