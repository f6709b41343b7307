/* The one function of bcryptprimitives.dll that Go's runtime cannot start without, for Wines that lack it, such as version 8. */
#include <windows.h>

/* advapi32's name for RtlGenRandom. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
	return SystemFunction036(data, (ULONG)length);
}
